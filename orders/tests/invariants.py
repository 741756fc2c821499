"""What always holds, checked over the whole database after each race; the names are those of the promises."""

from __future__ import annotations

from django.db.models import Count, F, Q, Sum

from cart.models import Coupon, CustomerUses, Promotion, Redemption
from orders.digest import digest
from orders.models import Order, OrderLine, OrderMove
from orders.moves import MOVES
from products.models import Reservation, StockItem, StockMovement

_ENDED = (Order.Status.CANCELLED, Order.Status.EXPIRED)


def check_invariants() -> None:
    """Fail with the name and the rows of every invariant that doesn't hold."""
    found = {name: rows for name, check in _CHECKS.items() if (rows := check())}
    assert found == {}


def ledger_differs() -> list[tuple]:
    """Return stock whose movements don't add up to what is on hand."""
    items = StockItem.objects.filter(tracked=True).annotate(
        ledger=Sum("variant__movements__delta", default=0)
    )
    return list(items.exclude(on_hand=F("ledger")).values_list("pk", "on_hand", "ledger"))


def reserved_differs() -> list[tuple]:
    """Return stock whose active holds aren't what is reserved, or that is promised beyond what is there."""
    active = Reservation.objects.filter(state=Reservation.State.ACTIVE)
    held = dict(active.values_list("variant").annotate(units=Sum("quantity")))
    return [
        (item.pk, item.reserved, held.get(item.pk, 0), item.on_hand)
        for item in StockItem.objects.all()
        if item.reserved != held.get(item.pk, 0)
        or not 0 <= item.reserved <= item.on_hand + item.backorder_limit
    ]


def oversold() -> list[tuple]:
    """Return variants of which living orders took more than ever came in."""
    lines = OrderLine.objects.exclude(order__status__in=_ENDED)
    sold = dict(lines.values_list("variant").annotate(units=Sum("quantity")))
    came = dict(
        StockMovement.objects.filter(delta__gt=0).exclude(kind=StockMovement.Kind.RESTOCK)
        .values_list("variant").annotate(units=Sum("delta"))
    )  # fmt: skip
    limits = dict(StockItem.objects.filter(tracked=True).values_list("pk", "backorder_limit"))
    return [
        (variant, units, came.get(variant, 0))
        for variant, units in sold.items()
        if variant in limits and units > came.get(variant, 0) + limits[variant]
    ]


def uses_miscounted() -> list[tuple]:
    """Return codes and promotions with a limit that count other uses than are held, or count without one."""
    held = Count("redemptions", filter=Q(redemptions__state="held"))
    found = []
    for model, name in ((Coupon, "code"), (Promotion, "name")):
        rows = model._default_manager.annotate(held=held).values_list(name, "used", "held", "max_uses")
        found += [row for row in rows if row[1] != (0 if row[3] is None else row[2])]
        found += [row for row in rows if row[3] is not None and row[1] > row[3]]
    return found


def customers_miscounted() -> list[tuple]:
    """Return counters of customers that count other uses than are held, or more than they may have."""
    held = Count("redemptions", filter=Q(redemptions__state="held"))
    rows = CustomerUses.objects.select_related("promotion").annotate(held=held)
    return [
        (row.promotion.name, row.used, row.held)
        for row in rows
        if row.used != row.held or row.used > (_most_each(row.promotion) or 0)
    ]


def uncounted() -> list[tuple]:
    """Return held uses of promotions that are limited for each customer, of which no counter knows."""
    # Those of people who were erased are nobody's.
    forgotten = Order.objects.filter(email="").values("cart")
    rows = Redemption.objects.filter(state="held", uses__isnull=True).exclude(cart__in=forgotten)
    rows = rows.select_related("promotion")
    return [(row.pk, row.promotion.name) for row in rows if _most_each(row.promotion) is not None]


def _most_each(promotion: Promotion) -> int | None:
    return 1 if promotion.first_order else promotion.max_uses_each


def illegal_moves() -> list[tuple]:
    """Return history rows that the table of moves doesn't have."""
    return [
        (move.order_id, move.axis, move.from_state, move.to_state)
        for move in OrderMove.objects.exclude(version=1)
        if move.to_state not in MOVES[move.axis].get(move.from_state, ())
    ]


def broken_chains() -> list[tuple]:
    """Return orders whose history has a gap, doesn't connect, or doesn't end where the order is."""
    return [
        (order.number, found) for order in Order.objects.prefetch_related("moves") if (found := _gap(order))
    ]


def _gap(order: Order) -> str:
    moves = sorted(order.moves.all(), key=lambda move: move.version)
    if [move.version for move in moves] != list(range(1, order.version + 1)):
        return f"versions {[move.version for move in moves]} of {order.version}"
    here = {"status": "", "payment_status": "unpaid", "fulfilment_status": "unfulfilled"}
    for move in moves:
        if here[move.axis] != move.from_state:
            return f"{move.axis} was {here[move.axis]}, not {move.from_state}"
        here[move.axis] = move.to_state
    return "" if all(getattr(order, axis) == state for axis, state in here.items()) else f"ends at {here}"


def totals_differ() -> list[str]:
    """Return orders whose total isn't the sum of its parts."""
    adds_up = F("subtotal") - F("discount_total") + F("shipping_total") + F("tax_added")
    return list(Order.objects.exclude(total=adds_up).values_list("number", flat=True))


def lines_differ() -> list[str]:
    """Return orders whose lines don't add up to their totals."""
    return [
        order.number
        for order in Order.objects.prefetch_related("lines")
        if order.subtotal != sum(line.unit_price * line.quantity for line in order.lines.all())
        or order.discount_total - order.shipping_discount
        != sum(line.discount_amount for line in order.lines.all())
        or order.tax_total - order.shipping_tax != sum(line.tax_amount for line in order.lines.all())
    ]


def changed_since_placing() -> list[str]:
    """Return orders that aren't what was agreed."""
    return [
        order.number
        for order in Order.objects.prefetch_related("lines", "addresses")
        if order.digest != digest(order, order.lines.all(), order.addresses.all())
    ]


_CHECKS = {
    "S1": ledger_differs,
    "S3": reserved_differs,
    "S4": oversold,
    "C1": uses_miscounted,
    "C2": customers_miscounted,
    "C2 uncounted": uncounted,
    "O1": illegal_moves,
    "O2": broken_chains,
    "M2": totals_differ,
    "M3": lines_differ,
    "M5": changed_since_placing,
}
