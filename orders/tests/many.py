"""Very many orders at once, for plans and benchmarks: copies of one real order, made by PostgreSQL itself."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import connection

from cart.models import Cart
from orders.models import Order, OrderAddress, OrderLine

_KEY = "('01990000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid"
# The newest are still on their way; of those before, most are done and a few went otherwise.
_ORDER = {
    "id": _KEY,
    "cart_id": _KEY,
    "number": "'N' || lpad(n::text, 9, '0')",
    "email": "'Shopper' || n % {addresses} || '@example.com'",
    "user_id": "CASE WHEN n % 97 = 0 THEN %(user)s::uuid END",
    "subtotal": "500 + n * 7919::bigint % 50000",
    "total": "500 + n * 7919::bigint % 50000",
    **dict.fromkeys(("discount_total", "shipping_total", "shipping_discount", "tax_added"), "0"),
    "placed_at": "t.placed_at + n * interval '1 minute'",
    "status": """CASE WHEN n > {recent} AND n % 5 = 0 THEN 'pending' WHEN n > {recent} THEN 'confirmed'
        WHEN n % 400 = 1 THEN 'expired' WHEN n % 400 = 2 THEN 'cancelled' ELSE 'completed' END""",
    "payment_status": """CASE WHEN n > {recent} AND n % 5 = 0 THEN 'unpaid' WHEN n % 400 = 1 THEN 'failed'
        WHEN n % 400 = 2 THEN 'refunded' WHEN n % 400 = 3 THEN 'partially_refunded' ELSE 'paid' END""",
    "fulfilment_status": """CASE WHEN n > {recent} AND n % 7 = 0 THEN 'partial' WHEN n > {recent} THEN 'unfulfilled'
        WHEN n % 400 IN (1, 2) THEN 'unfulfilled' WHEN n % 400 = 4 THEN 'returned' ELSE 'delivered' END""",
    "currency": "CASE WHEN n % 500 = 7 THEN 'USD' ELSE 'EUR' END",
    "disputed": "n % 1000 = 5",
}
_CART = {"id": _KEY, "token_hash": "md5(n::text)", "user_id": "NULL"}
_LINE = {
    "id": "('01990000-000' || t.position || '-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid",
    "order_id": _KEY,
    "sku": """CASE WHEN t.position = 0 THEN 'SKU-' || n % {addresses} WHEN n % 3 = 0 THEN 'POPULAR'
        ELSE 'SIDE-' || n % 50 END""",
}


def fill(count: int, *, template: Order, user: UUID) -> None:
    """
    Write so many copies of an order of two lines, a minute apart, with addresses, SKUs and states of all kinds.

    :param user: whose every 97th of them is.
    """
    # About ten orders of each address, and as many of each SKU.
    numbers = {"addresses": max(1, count // 10), "recent": count - count // 50}
    said = {"count": count, "template": template.pk, "cart": template.cart_id, "user": user}
    _copy(Cart, _CART, numbers, said, "id = %(cart)s")
    _copy(Order, _ORDER, numbers, said, "id = %(template)s")
    _copy(OrderLine, _LINE, numbers, said, "order_id = %(template)s")
    _copy(OrderAddress, {"order_id": _KEY}, numbers, said, "order_id = %(template)s")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE cart_cart, orders_order, orders_orderline, orders_orderaddress")


def _copy(model: Any, changes: dict[str, str], numbers: dict[str, int], said: Any, which: str) -> None:
    # The key of an address is the database's to count.
    columns = [
        field.column for field in model._meta.concrete_fields if field.get_internal_type() != "BigAutoField"
    ]
    # A percent sign that isn't a parameter's is doubled; what is put in are names and the texts above.
    values = [
        changes[name].replace(" % ", " %% ").format(**numbers) if name in changes else f't."{name}"'
        for name in columns
    ]
    names = ", ".join(f'"{name}"' for name in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {model._meta.db_table} ({names}) SELECT {', '.join(values)} "
            f"FROM {model._meta.db_table} t, generate_series(1, %(count)s) n WHERE t.{which}",
            said,
        )
