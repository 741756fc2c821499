"""The shop in a few lists: what it should hold after each step, told without its code."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from math import floor
from uuid import UUID

SHIPPING = 490
WINDOW = timedelta(minutes=30)
ARRIVED = ("paid", "partially_refunded", "refunded")


class Refused(Exception):
    """What the shop must answer, and then nothing has changed."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def refuse_unless(condition: object, code: str) -> None:
    """
    Refuse with a code.

    :raises Refused: the condition doesn't hold.
    """
    if not condition:
        raise Refused(code)


@dataclass
class Goods:
    """A variant for sale."""

    key: int
    price: int
    on_hand: int
    published: bool = True


@dataclass
class Line:
    """Units of one variant, and what they cost all together after discounts."""

    goods: Goods
    quantity: int
    whole: int
    shipped: int = 0
    cancelled: int = 0
    returned: int = 0

    @property
    def open(self) -> int:
        """Units that are still to be sent."""
        return self.quantity - self.cancelled - self.shipped

    def worth(self, units: int) -> int:
        """What the next so many units give back: parts are rounded half up, and all of them are the whole."""
        gone = self.cancelled + self.returned
        return self._part(gone + units) - self._part(gone)

    def _part(self, units: int) -> int:
        return floor(Fraction(self.whole * units, self.quantity) + Fraction(1, 2))


@dataclass
class Back:
    """A refund: how Stripe has it, and how the shop does."""

    amount: int
    here: str = "requested"
    there: str = ""
    id: str = ""


@dataclass
class Pay:
    """The one payment of an order."""

    amount: int
    here: str = "requires_payment"
    there: str = "waiting"
    wanted_gone: datetime | None = None
    captured: int = 0
    pays: bool = False
    is_debit: bool = False
    refunds: list[Back] = field(default_factory=list)
    pi: str = ""

    @property
    def is_open(self) -> bool:
        return self.here in ("requires_payment", "processing")

    @property
    def left(self) -> int:
        """What isn't on its way back yet."""
        return self.captured - sum(back.amount for back in self.refunds if back.here != "failed")


@dataclass
class Parcel:
    """So many units of each line, by the line's place."""

    units: dict[int, int]
    id: UUID | None = None
    arrived: datetime | None = None


@dataclass
class Return:
    """Units that the shopper sends back, by the line's place."""

    units: dict[int, int]
    status: str = "requested"
    value: int = 0
    amount: int | None = None
    id: UUID | None = None


@dataclass
class Order:
    """What somebody bought, and where it stands."""

    lines: list[Line]
    total: int
    due: datetime
    is_guests: bool
    status: str = "pending"
    payment: str = "unpaid"
    goods: str = "unfulfilled"
    # Variant -> units that stock keeps for it, until when; None for as long as it takes.
    holds: dict[int, int] = field(default_factory=dict)
    until: datetime | None = None
    was_sold: bool = False
    # "held", "released", or "" where no code was used.
    use: str = ""
    refunded: int = 0
    pay: Pay | None = None
    parcels: list[Parcel] = field(default_factory=list)
    returns: list[Return] = field(default_factory=list)
    promised: int = 0
    id: UUID | None = None
    token: str = ""


@dataclass
class Cart:
    """What lies in it, by variant; and whether the code does."""

    units: dict[int, int] = field(default_factory=dict)
    code: bool = False


@dataclass
class Shopper:
    """A guest or a customer."""

    is_guest: bool
    cart: Cart | None = None
    last_placed: datetime | None = None


@dataclass
class Model:
    """All of it; ``told`` are the events that nobody has heard yet."""

    goods: dict[int, Goods]
    shoppers: list[Shopper]
    now: datetime
    most_uses: int
    used: int = 0
    orders: list[Order] = field(default_factory=list)
    told: list[tuple[str, Order, int]] = field(default_factory=list)

    def reserved(self, key: int) -> int:
        return sum(order.holds.get(key, 0) for order in self.orders)

    def free(self, key: int) -> int:
        return self.goods[key].on_hand - self.reserved(key)

    def hold(self, order: Order, units: dict[int, int], until: datetime | None) -> None:
        """
        Keep stock for an order; where it is short, what others hold past their time is given up first.

        :raises Refused: it isn't there.
        """
        short = [key for key, wanted in units.items() if self.free(key) < wanted]
        late = [o for o in self.orders if o.until is not None and o.until < self.now]
        for key in short:
            room = self.free(key) + sum(other.holds.get(key, 0) for other in late)
            refuse_unless(room >= units[key], "out_of_stock")
        for key in short:
            for other in late:
                other.holds.pop(key, None)
        order.holds.update(units)
        order.until = until

    def priced(self, cart: Cart) -> tuple[dict[int, int], int, bool]:
        """Return what each line costs, the total, and whether the code takes its tenth off."""
        off = cart.code and self.used < self.most_uses
        wholes = {
            key: self.goods[key].price * units * (9 if off else 10) // 10 for key, units in cart.units.items()
        }
        return wholes, sum(wholes.values()) + SHIPPING, off

    def place(self, shopper: Shopper, *, cheaper_by: int) -> Order:
        """
        Turn a shopper's cart into an order.

        :param cheaper_by: how much less the shopper expects to pay.
        :raises Refused: as the shop must.
        """
        cart = shopper.cart
        if cart is None:
            is_news = shopper.last_placed and shopper.last_placed > self.now - timedelta(days=1)
            raise Refused("cart_converted" if is_news else "not_found")
        refuse_unless(cart.units, "cart_empty")
        refuse_unless(all(self.goods[key].published for key in cart.units), "out_of_stock")
        wholes, total, off = self.priced(cart)
        refuse_unless(cheaper_by <= 0, "price_changed")
        lines = [Line(self.goods[key], units, wholes[key]) for key, units in cart.units.items()]
        order = Order(lines, total, self.now + WINDOW, shopper.is_guest, use="held" if off else "")
        self.hold(order, dict(cart.units), order.due)
        self.orders.append(order)
        self.used += off
        shopper.cart, shopper.last_placed = None, self.now
        return order
