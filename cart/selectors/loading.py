"""A cart with its lines, coupons and the rules of its place, in one statement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Upper

from cart.models import Cart, CartCoupon, CartItem, ShippingRate, TaxRate
from shop.core.ids import token_hash
from shop.core.sql import JsonList

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet


@dataclass(frozen=True, kw_only=True)
class CartOwner:
    """Whose cart: a customer's, or else that of whoever holds the token with this hash."""

    user_id: UUID | None = None
    token_hash: str = ""

    @classmethod
    def of(cls, *, user_id: UUID | None, token: str) -> CartOwner:
        """Return the owner that a request names: a signed-in customer counts before any token."""
        return (
            cls(user_id=user_id)
            if user_id is not None
            else cls(token_hash=token_hash(token) if token else "")
        )

    @property
    def principal(self) -> str:
        """The owner as idempotency keys name it."""
        return f"user:{self.user_id}" if self.user_id else f"cart:{self.token_hash}"

    def own(self) -> Q:
        """Return the condition that a cart is theirs."""
        if self.user_id is not None:
            return Q(user_id=self.user_id)
        return Q(user_id__isnull=True, token_hash=self.token_hash) & ~Q(token_hash="")


@dataclass(frozen=True, kw_only=True)
class Shopper:
    """Somebody who fills a cart: whose it is, and the currency and language of one that is opened for it."""

    owner: CartOwner
    currency: str
    language: str


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a cart goes: what tax and shipping depend on. An empty country isn't known yet."""

    country: str = ""
    region: str = ""
    postal_code: str = ""


def load_cart(owner: CartOwner, *, place: Place | None = None, lock: bool = False) -> Cart | None:
    """
    Return the owner's open cart with ``lines``, ``codes``, ``tax_rates`` and ``shipping_rates`` as lists of dicts.

    One statement, or two where it had to wait for the lock. The rules are those of ``place``, or else of the
    cart's own.

    :param lock: keep others from changing the cart until the transaction ends.
    """
    rows = _with_rules(Cart.objects.filter(owner.own(), status=Cart.Status.OPEN), place)
    if not lock:
        return rows.first()
    # An account that is erased while its request is under way gets no cart to write to, hence no order either.
    rows = rows.filter(user__erased_at__isnull=True)
    # Having waited for another's write, PostgreSQL returns the cart's row as it is now beside lines as they were
    # when the statement began. Every write raises the version, so two versions tell; the second read is whole.
    then = Cart.objects.filter(pk=OuterRef("pk")).values("version")
    rows = rows.select_for_update(of=("self",)).annotate(version_of_lines=Subquery(then))
    cart = rows.first()
    return rows.first() if cart is not None and cart.version_of_lines != cart.version else cart


def is_alive(owner: CartOwner) -> bool:
    """
    Tell whether this owner is known: any customer is, and a guest whose token names a cart or an order of theirs.

    A merged cart's token is dead.
    """
    alive = (Cart.Status.OPEN, Cart.Status.CONVERTED)
    return owner.user_id is not None or (
        bool(owner.token_hash) and Cart.objects.filter(owner.own(), status__in=alive).exists()
    )


def _with_rules(rows: QuerySet[Cart], place: Place | None) -> QuerySet[Cart]:
    country: Any = OuterRef("country") if place is None else Value(place.country)
    region: Any = OuterRef("region") if place is None else Value(place.region)
    # Compared in capitals and not by iexact: SQLite would read a region of "%" as any region.
    rates = (
        TaxRate.objects.alias(place=Upper("region"))
        .filter(Q(region="") | Q(place=Upper(region)), country=country)
        .order_by("region", "pk")
    )
    shipping = ShippingRate.objects.filter(
        country=country, currency=OuterRef("currency"), method__is_active=True
    ).order_by("method__position", "method", "postal_prefix")
    items = CartItem.objects.filter(cart=OuterRef("pk")).order_by("pk")
    coupons = CartCoupon.objects.filter(cart=OuterRef("pk")).order_by("pk")
    return rows.annotate(
        lines=JsonList(items, id="pk", variant="variant_id", quantity="quantity", seen_price="seen_price"),
        codes=JsonList(coupons, **{name: F(f"coupon__{name}") for name in _COUPON_FIELDS}),
        tax_rates=JsonList(
            rates, name="name", region="region", tax_class="tax_class", rate="rate", on_shipping="on_shipping"
        ),
        shipping_rates=JsonList(
            shipping,
            code="method__code",
            name="method__name",
            postal_prefix="postal_prefix",
            amount="amount",
            free_from="free_from",
            min_days="min_days",
            max_days="max_days",
        ),
    )


_COUPON_FIELDS = (
    "id", "code", "kind", "value", "currency", "min_subtotal", "starts_at", "ends_at", "max_uses", "used", "is_active",
)  # fmt: skip
