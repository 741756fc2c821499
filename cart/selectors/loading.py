"""A cart with its lines, coupons and the rules of its place, in one statement."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import CharField, DateTimeField, F, OuterRef, Q, Subquery

from cart.models import Cart, CartCoupon, CartItem, CustomerUses, Promotion
from cart.places import Place
from cart.ports import purchase_history
from cart.selectors.rates import rates_to, taxes_of
from shop.core.ids import token_hash
from shop.core.sql import Given, JsonList, given
from users import selectors as users

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet


@dataclass(frozen=True, kw_only=True)
class CartOwner:
    """
    Whose cart: a customer's, or else that of whoever holds the token with this hash.

    ``cart_id`` names the one that staff made for an order of theirs.
    """

    user_id: UUID | None = None
    token_hash: str = ""
    cart_id: UUID | None = None

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
        if self.cart_id is not None:
            return Q(pk=self.cart_id)
        if self.user_id is not None:
            return Q(user_id=self.user_id, by_staff=False)
        return Q(user_id__isnull=True, token_hash=self.token_hash) & ~Q(token_hash="")


@dataclass(frozen=True, kw_only=True)
class Shopper:
    """
    Somebody who fills a cart: whose it is, and the currency and language of one that is opened for it.

    ``currency_chosen`` says that they named the currency, which doesn't go with the country then.
    """

    owner: CartOwner
    currency: str
    language: str
    currency_chosen: bool = False


def load_cart(
    owner: CartOwner, *, now: datetime, place: Place | None = None, guest: str = "", lock: bool = False
) -> Cart | None:
    """
    Return the owner's open cart with what prices it.

    ``lines``, ``codes``, ``promotions``, ``tax_rates``, ``shipping_rates`` and ``groups`` are lists of dicts. One
    statement, or two where it had to wait for the lock. The rules are those of ``place``, or else of the cart's own.

    :param guest: the digest of the address that a guest has given: what they have used counts, as a customer's does.
    :param lock: keep others from changing the cart until the transaction ends.
    """
    there = place or Place()
    said = {"now": now, "shop": settings.SHOP_COUNTRY, "guest": guest}
    with given(**said, country=there.country, region=there.region):
        return _load(_rows(at_own_place=place is None).filter(owner.own()), lock=lock)


def _load(rows: QuerySet[Any], *, lock: bool) -> Cart | None:
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


# Building this takes several times as long as running it.
@functools.cache
def _rows(*, at_own_place: bool) -> QuerySet[Any]:
    """Return open carts with what prices them, to be run with everything given that ``load_cart`` gives."""
    country: Any = OuterRef("country") if at_own_place else Given("country", CharField())
    region: Any = OuterRef("region") if at_own_place else Given("region", CharField())
    items = CartItem.objects.filter(cart=OuterRef("pk")).order_by("pk")
    coupons = CartCoupon.objects.filter(cart=OuterRef("pk")).order_by("pk")
    return Cart.objects.filter(status=Cart.Status.OPEN).annotate(
        lines=JsonList(items, id="pk", variant="variant_id", quantity="quantity", seen_price="seen_price"),
        codes=JsonList(coupons, **{name: F(f"coupon__{name}") for name in CODE_FIELDS}),
        promotions=_promotions(),
        # Every customer's, and no guest's.
        groups=JsonList(users.groups_of(OuterRef("user_id")), code=F("group__code")),
        has_bought=purchase_history().bought_by(OuterRef("user_id")),
        tax_rates=taxes_of(country, region, Given("shop", CharField())),
        shipping_rates=rates_to(country, region, OuterRef("currency")),
    )


def _promotions() -> JsonList:
    """Return the promotions that need no code and are on, and those whose codes are on the cart."""
    on = Q(needs_code=False, is_active=True) & (
        Q(ends_at__isnull=True) | Q(ends_at__gt=Given("now", DateTimeField()))
    )
    named = CartCoupon.objects.filter(cart=OuterRef(OuterRef("pk"))).values("coupon__promotion")
    rows = Promotion.objects.filter(on | Q(pk__in=named)).order_by("pk")
    guest = Q(user__isnull=True, guest=Given("guest", CharField()))
    uses = CustomerUses.objects.filter(
        Q(user=OuterRef(OuterRef("user_id"))) | guest, promotion=OuterRef("pk")
    )
    return JsonList(
        rows,
        **{name: name for name in _PROMOTION_FIELDS},
        products=JsonList(_of_promotion(Promotion.products.through), id=F("product_id")),
        categories=JsonList(_of_promotion(Promotion.categories.through), path=F("category__path")),
        groups=JsonList(_of_promotion(Promotion.groups.through), code=F("customergroup__code")),
        used_by_customer=Subquery(uses.values("used")[:1]),
    )


def _of_promotion(through: Any) -> Any:
    return through.objects.filter(promotion=OuterRef("pk")).order_by("pk")


CODE_FIELDS = ("id", "code", "promotion_id", "customer_id", "max_uses", "used", "is_active")
_PROMOTION_FIELDS = (
    "id", "name", "kind", "value", "buy_quantity", "get_quantity", "currency", "needs_code", "first_order",
    "min_subtotal", "min_quantity", "priority", "combines", "starts_at", "ends_at", "max_uses", "max_uses_each",
    "used", "is_active",
)  # fmt: skip
