"""
Stripe's side of saved cards: its customers and what they keep there, through the seam of ``payments.gateway``.

Every call refuses to run inside a transaction and ends as that module says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from payments.gateway import asking
from payments.provider import Card, card_of

if TYPE_CHECKING:
    from uuid import UUID


def create_customer(holder_id: UUID, *, attempt: int) -> str:
    """
    Make somebody known to Stripe, without a name, and return their id there; the same holder always gets the same.

    :raises GatewayUnavailable: no usable answer; they may be known.
    """
    key = f"customer:{holder_id}:{attempt}"
    with asking("create a customer") as client:
        made = client.v1.customers.create({"metadata": {"holder": str(holder_id)}}, {"idempotency_key": key})
    return str(made.id)


def delete_customer(customer_id: str) -> None:
    """
    Have Stripe forget a customer and their cards; its books stay.

    :raises GatewayRefused: Stripe knows no such customer any more.
    :raises GatewayUnavailable: no usable answer; they may be deleted.
    """
    with asking("delete a customer") as client:
        client.v1.customers.delete(customer_id)


def create_setup(customer_id: str) -> str:
    """
    Return the secret by which a browser saves a card for a customer; each call begins anew.

    :raises GatewayRefused: Stripe knows no such customer.
    :raises GatewayUnavailable: no usable answer.
    """
    params: Any = {"customer": customer_id, "usage": "on_session", "payment_method_types": ["card"]}
    with asking("begin to save a card") as client:
        # Without a key: what is begun and never finished takes no money and holds nothing.
        made = client.v1.setup_intents.create(params)
    return str(made.client_secret)


def list_cards(customer_id: str) -> tuple[Card, ...]:
    """
    Return the cards of a customer, the newest first.

    :raises GatewayRefused: Stripe knows no such customer.
    :raises GatewayUnavailable: no usable answer.
    """
    with asking("list cards") as client:
        listed = client.v1.customers.payment_methods.list(customer_id, {"type": "card", "limit": 100})
        return tuple(card_of(card.to_dict()) for card in listed.data)


def require_card(customer_id: str, card_id: str) -> None:
    """
    Make sure that a card is this customer's.

    :raises GatewayRefused: it isn't, or there is none.
    :raises GatewayUnavailable: no usable answer.
    """
    with asking("find a card") as client:
        client.v1.customers.payment_methods.retrieve(customer_id, card_id)


def detach_card(card_id: str) -> None:
    """
    Have Stripe forget a card.

    :raises GatewayRefused: it belongs to nobody any more.
    :raises GatewayUnavailable: no usable answer.
    """
    with asking("remove a card") as client:
        client.v1.payment_methods.detach(card_id)
