"""What goes into each message: who gets it and what it is about, read at the moment of sending."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.core.validators import validate_email

from notifications import links
from notifications.errors import NotReady, Undeliverable
from notifications.rendering import supported
from orders import selectors as orders
from payments import selectors as payments
from shop.core import formats
from users import selectors as users

if TYPE_CHECKING:
    from datetime import datetime

    from notifications.models import EmailMessage
    from users.models import User

    _LinkMaker = Callable[[User, datetime], str]

# A name with one of these may be an advertisement that somebody has sent to a stranger in the shop's name.
_NOT_IN_NAMES = frozenset('/:.@<>{}[]|\\=%&#?!"\n\r\t')
_LONGEST_NAME = 40


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A file that goes with a mail."""

    name: str
    content: bytes
    mimetype: str


@dataclass(frozen=True, kw_only=True)
class Letter:
    """Where a message goes, in which language, and what its templates show."""

    address: str
    language: str
    context: dict[str, Any]
    attachments: tuple[Attachment, ...] = ()


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


def _reset_url(account: User, now: datetime) -> str:
    parts = users.reset_link_parts(account, now=now)
    return links.reset(uid=parts.uid, token=parts.token)


def _verify_url(account: User, now: datetime) -> str:
    parts = users.verification_link_parts(account, now=now)
    return links.verify(uid=parts.uid, token=parts.token)


def _welcome(message: EmailMessage, now: datetime) -> Letter:
    return _account(message, now, verify_url=_verify_url)


def _already_registered(message: EmailMessage, now: datetime) -> Letter:
    return _account(message, now, reset_url=_reset_url)


def _password_reset(message: EmailMessage, now: datetime) -> Letter:
    return _account(message, now, reset_url=_reset_url)


def _verify_email(message: EmailMessage, now: datetime) -> Letter:
    return _account(message, now, verify_url=_verify_url)


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


def _order_cancelled(message: EmailMessage, now: datetime) -> Letter:
    return _order(message, was_paid=bool(message.fact("was_paid")))


def _order_expired(message: EmailMessage, now: datetime) -> Letter:
    return _order(message)


def _order_refunded(message: EmailMessage, now: datetime) -> Letter:
    return _order(message, refund_minor=message.fact("amount"), refund_currency=message.fact("currency"))


_LETTERS: dict[str, Callable[[EmailMessage, datetime], Letter]] = {
    "welcome": _welcome,
    "already_registered": _already_registered,
    "password_reset": _password_reset,
    "verify_email": _verify_email,
    "order_placed": _order_placed,
    "order_paid": _order_paid,
    "order_cancelled": _order_cancelled,
    "order_expired": _order_expired,
    "order_refunded": _order_refunded,
}


def _account(message: EmailMessage, now: datetime, **urls: _LinkMaker) -> Letter:
    user_id = UUID(message.recipient_ref)
    person, account = users.recipient(user_id), users.user_by_id(user_id)
    if person is None or account is None:
        raise Undeliverable("The account is erased or closed.")
    if account.email != person.email:
        # Changed between the two reads: a link of the new state must not go to the old address.
        raise NotReady("The account is changing.")
    context = {name: make(account, now) for name, make in urls.items()}
    # Until the owner has confirmed the address, the name may be anybody's.
    context["name"] = _greeting_name(person.name) if person.verified else ""
    return Letter(address=person.email, language=supported(person.language), context=context)


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


def _order_id(message: EmailMessage) -> UUID:
    return UUID(message.recipient_ref) if message.order_id is None else message.order_id


def _greeting_name(name: str) -> str:
    if len(name) > _LONGEST_NAME or _NOT_IN_NAMES & set(name):
        return ""
    return formats.one_line(name)
