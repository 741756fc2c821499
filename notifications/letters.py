"""What goes into each message: who gets it and what it is about, read at the moment of sending."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.core.validators import validate_email

from notifications import account_letters, cart_letters, dispute_letters, links, stock_letters
from notifications.errors import NotReady, Undeliverable
from notifications.letter import Attachment, Letter
from notifications.rendering import supported
from orders import selectors as orders
from orders.selectors import mailing
from orders.selectors.notes import note_for_mail
from payments import selectors as payments
from shop.core import formats

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from notifications.models import EmailMessage


def letter_for(message: EmailMessage, *, now: datetime) -> Letter:
    """
    Return what a message says and where it goes now.

    :param now: when its links begin to age.
    :raises Undeliverable: nobody is there to get it any more.
    :raises NotReady: something it carries is still being made.
    """
    build = _LETTERS.get(message.template)
    if build is None:
        raise Undeliverable(f"There is no message called {message.template}.")
    letter = build(message, now)
    try:
        validate_email(letter.address)
    except ValidationError:
        raise Undeliverable("The recipient's address is not one that mail can be sent to.") from None
    return letter


def _order_placed(message: EmailMessage, now: datetime) -> Letter:
    return _order(message)


def _order_paid(message: EmailMessage, now: datetime) -> Letter:
    receipt = payments.receipt_for_order(_order_id(message))
    if receipt is None:
        # The event that causes this mail also causes the receipt, in another group at its own pace.
        raise NotReady("The receipt isn't issued yet.")
    name = f"receipt-{formats.one_line(receipt.number).replace('/', '-')}.pdf"
    attachment = Attachment(name=name, content=receipt.pdf(), mimetype="application/pdf")
    return _order(message, attachments=(attachment,), receipt_number=receipt.number, receipt_file=name)


def _payment_failed(message: EmailMessage, now: datetime) -> Letter:
    letter = _order(message)
    order = letter.context["order"]
    if (order["status"], order["payment_status"]) != ("pending", "failed"):
        raise Undeliverable("The order was paid, cancelled or has expired meanwhile.")
    return letter


def _order_cancelled(message: EmailMessage, now: datetime) -> Letter:
    return _order(message, was_paid=bool(message.fact("was_paid")))


def _order_expired(message: EmailMessage, now: datetime) -> Letter:
    return _order(message)


def _order_refunded(message: EmailMessage, now: datetime) -> Letter:
    return _order(message, **_amount(message))


def _order_shipped(message: EmailMessage, now: datetime) -> Letter:
    return _parcel(message, last=bool(message.fact("last")))


def _order_delivered(message: EmailMessage, now: datetime) -> Letter:
    return _parcel(message)


def _order_lines_cancelled(message: EmailMessage, now: datetime) -> Letter:
    items = mailing.cancelled_for_mail(UUID(message.fact("cancellation_id")))
    return _goods(_order(message, **_amount(message)), items)


def _order_link(message: EmailMessage, now: datetime) -> Letter:
    letter = _order(message)
    return replace(letter, context={**letter.context, "guest": letter.context["order"]["user_id"] is None})


def _order_note(message: EmailMessage, now: datetime) -> Letter:
    return _order(message, note=note_for_mail(UUID(message.fact("note_id"))))


def _order_return(message: EmailMessage, now: datetime) -> Letter:
    # The step is the event's: by now the return may have taken the next one, which has a message of its own.
    back = mailing.return_for_mail(UUID(message.fact("return_id")))
    letter = _order(message, back=back, step=message.fact("status"), **_amount(message))
    return _goods(letter, back["lines"])


_LETTERS: dict[str, Callable[[EmailMessage, datetime], Letter]] = {
    **account_letters.LETTERS,
    **cart_letters.LETTERS,
    **dispute_letters.LETTERS,
    **stock_letters.LETTERS,
    "order_placed": _order_placed,
    "order_paid": _order_paid,
    "payment_failed": _payment_failed,
    "order_cancelled": _order_cancelled,
    "order_expired": _order_expired,
    "order_shipped": _order_shipped,
    "order_delivered": _order_delivered,
    "order_lines_cancelled": _order_lines_cancelled,
    "order_return": _order_return,
    "order_link": _order_link,
    "order_note": _order_note,
    "order_refunded": _order_refunded,
}


def _order(message: EmailMessage, attachments: tuple[Attachment, ...] = (), **context: Any) -> Letter:
    try:
        order = orders.order_for_mail(_order_id(message))
    except ObjectDoesNotExist:
        raise Undeliverable("There is no such order.") from None
    if not order["email"]:
        raise Undeliverable("The order has no address any more.")
    url = links.order(order_id=order["id"], token=order["access_token"])
    return Letter(
        address=order["email"],
        language=supported(order["language"]),
        context={"order": order, "order_url": url, **context},
        attachments=attachments,
    )


def _parcel(message: EmailMessage, **context: Any) -> Letter:
    letter = _order(message, **context)
    parcels = letter.context["order"]["shipments"]
    parcel = next(one for one in parcels if one["id"] == message.fact("shipment_id"))
    return _goods(replace(letter, context={**letter.context, "parcel": parcel}), parcel["items"])


def _goods(letter: Letter, items: list[dict[str, Any]]) -> Letter:
    """Add goods with the options of their lines, which tell two variants of one product apart."""
    options = {line["id"]: line["options"] for line in letter.context["order"]["items"]}
    named = [{**item, "options": options.get(item["line"], {})} for item in items]
    return replace(letter, context={**letter.context, "items": named})


def _amount(message: EmailMessage) -> dict[str, Any]:
    return {"refund_minor": message.fact("amount"), "refund_currency": message.fact("currency")}


def _order_id(message: EmailMessage) -> UUID:
    return UUID(message.recipient_ref) if message.order_id is None else message.order_id
