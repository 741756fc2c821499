"""What validated bodies say, as services take it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from cart import services as cart
from cart.selectors import Place
from orders.services import Placing, StaffOrder
from products.selectors import Choice
from shop.core.errors import does_not_exist
from users import selectors as users

_AGREEMENT = ("terms_accepted", "age_confirmed", "birth_date")


def agreed_in(values: dict[str, Any]) -> dict[str, Any]:
    """Return what a body agrees to, as ``Placing`` takes it."""
    return {name: values[name] for name in _AGREEMENT if name in values}


def addresses_in(
    values: dict[str, Any], *, of: UUID | None
) -> tuple[users.PostalAddress | None, users.PostalAddress | None]:
    """
    Return the shipping and the billing address that a body names; one statement for all ids.

    :param of: whose address book an id is looked up in; a guest has none.
    :raises ValidationFailed: there is no such id in it.
    """
    given = {name: values.get(name) for name in ("shipping_address", "billing_address")}
    ids = {value for value in given.values() if isinstance(value, UUID)}
    own = users.own_addresses(of, ids) if of else {}
    for name, value in given.items():
        if isinstance(value, UUID) and value not in own:
            raise does_not_exist(name)
    shipping, billing = (
        users.PostalAddress(**value) if isinstance(value, dict) else own.get(value) if value else None
        for value in given.values()
    )
    return shipping, billing


def staff_order_in(values: dict[str, Any]) -> StaffOrder:
    """
    Return what a validated body orders.

    :raises ValidationFailed: an address isn't in the customer's book.
    """
    customer = values.get("customer")
    shipping, billing = addresses_in(values, of=customer)
    there, method = shipping or billing, values.get("shipping_method", "")
    return StaffOrder(
        customer_id=customer,
        currency=values.get("currency", ""),
        drafted=cart.Drafted(
            items=[
                (Choice(variant=item.get("variant"), sku=item.get("sku")), item["quantity"])
                for item in values["items"]
            ],
            coupons=values.get("coupons", ()),
            place=Place(country=there.country, region=there.region, postal_code=there.postal_code)
            if there
            else Place(),
            shipping_method=method,
            vat_id=values.get("vat_id", ""),
        ),
        placing=Placing(
            email=values.get("email", ""),
            language=values.get("language", ""),
            expected_total=values.get("expected_total"),
            shipping_address=shipping,
            billing_address=billing,
            shipping_method=method,
            note=values.get("note", ""),
            **agreed_in(values),
        ),
    )
