"""Letters to people with an account: links to confirm and to choose a password, and what became of the account."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from notifications import devices, links
from notifications.addresses import shortened
from notifications.errors import NotReady, Undeliverable
from notifications.letter import Letter, greeting_name
from notifications.rendering import supported
from users import selectors as users

if TYPE_CHECKING:
    from datetime import datetime

    from notifications.models import EmailMessage
    from users.models import User

    _LinkMaker = Callable[[User, datetime], str]

_GONE = "The account is erased or closed."


def welcome(message: EmailMessage, now: datetime) -> Letter:
    """Welcome somebody, and ask them to confirm the address."""
    return to_account(message, now, verify_url=_verify_url)


def already_registered(message: EmailMessage, now: datetime) -> Letter:
    """Tell an account's owner that their address was used to register again."""
    return to_account(message, now, reset_url=_reset_url)


def password_reset(message: EmailMessage, now: datetime) -> Letter:
    """Bring the link that sets a new password."""
    return to_account(message, now, reset_url=_reset_url)


def verify_email(message: EmailMessage, now: datetime) -> Letter:
    """Bring the link that confirms the address."""
    return to_account(message, now, verify_url=_verify_url)


def refresh_token_reused(message: EmailMessage, now: datetime) -> Letter:
    """Tell that a sign-in was ended, which one it was, and what to do."""
    return _about_session(message, now)


def new_sign_in(message: EmailMessage, now: datetime) -> Letter:
    """Tell of a sign-in from a device or a place that is new, and what to do if it was somebody else."""
    return _about_session(message, now)


def _about_session(message: EmailMessage, now: datetime) -> Letter:
    letter = to_account(message, now, reset_url=_reset_url)
    session = users.session_facts(UUID(message.fact("session")))
    if session is None:
        return letter
    known = {
        "browser": devices.browser_of(session.device),
        "system": devices.system_of(session.device),
        "network": devices.network_of(session.network),
        "session": session,
    }
    return replace(letter, context=letter.context | known)


def two_factor_changed(message: EmailMessage, now: datetime) -> Letter:
    """Tell that the second factor was switched on or off, and by whom."""
    letter = to_account(message, now, reset_url=_reset_url)
    facts = {name: message.fact(name) for name in ("enabled", "by_staff", "at")}
    return replace(letter, context=letter.context | facts)


def email_change_confirm(message: EmailMessage, now: datetime) -> Letter:
    """Bring the link that confirms a new address, there; if it has an account by now, a word to its owner instead."""
    change = _pending(message, now)
    holder = users.account_at(change.new_email, besides=change.account.pk)
    if holder is not None:
        return _taken(holder)
    parts = users.email_change_parts(change)
    return Letter(
        address=change.new_email,
        language=supported(change.account.language),
        # Nobody is greeted: that the address is theirs is what the link has to show.
        context={
            "name": "",
            "confirm_url": links.email_change(uid=parts.uid, token=parts.token),
            "until": change.expires_at,
        },
    )


def email_change_asked(message: EmailMessage, now: datetime) -> Letter:
    """Tell the present address that another one was asked for, with the link that stops it."""
    # Once the change is true this address must get no link that opens the account.
    change = _pending(message, now)
    account = change.account
    return Letter(
        address=change.old_email,
        language=supported(account.language),
        context={
            "name": greeting_name(account.get_full_name()) if account.email_verified else "",
            "new_address": shortened(change.new_email),
            "at": change.requested_at,
            "reset_url": _reset_url(account, now),
        },
    )


def email_changed(message: EmailMessage, now: datetime) -> Letter:
    """Tell the address that an account had until now where it went; nothing in it opens the account."""
    change = _change(message, now)
    return Letter(
        address=change.old_email,
        language=supported(change.account.language),
        # Whether this address was ever confirmed isn't known any more.
        context={"name": "", "new_address": shortened(change.new_email), "at": change.confirmed_at},
    )


LETTERS: dict[str, Callable[[EmailMessage, datetime], Letter]] = {
    "welcome": welcome,
    "already_registered": already_registered,
    "password_reset": password_reset,
    "verify_email": verify_email,
    "refresh_token_reused": refresh_token_reused,
    "new_sign_in": new_sign_in,
    "two_factor_changed": two_factor_changed,
    "email_change_confirm": email_change_confirm,
    "email_change_asked": email_change_asked,
    "email_changed": email_changed,
}


def _reset_url(account: User, now: datetime) -> str:
    parts = users.reset_link_parts(account, now=now)
    return links.reset(uid=parts.uid, token=parts.token)


def _verify_url(account: User, now: datetime) -> str:
    parts = users.verification_link_parts(account, now=now)
    return links.verify(uid=parts.uid, token=parts.token)


def to_account(message: EmailMessage, now: datetime, **urls: _LinkMaker) -> Letter:
    """
    Return a letter to an account's owner, with its name to greet them by and links of these kinds.

    :raises Undeliverable: the account is erased or closed.
    :raises NotReady: its address is changing this moment.
    """
    user_id = UUID(message.recipient_ref)
    person, account = users.recipient(user_id), users.user_by_id(user_id)
    if person is None or account is None:
        raise Undeliverable(_GONE)
    if account.email != person.email:
        # Changed between the two reads: a link of the new state must not go to the old address.
        raise NotReady("The account is changing.")
    context: dict[str, Any] = {name: make(account, now) for name, make in urls.items()}
    # Until the owner has confirmed the address, the name may be anybody's.
    context["name"] = greeting_name(person.name) if person.verified else ""
    return Letter(address=person.email, language=supported(person.language), context=context)


def _taken(holder: User) -> Letter:
    person = users.recipient(holder.pk)
    if person is None:
        raise Undeliverable(_GONE)
    if person.email != holder.email:
        raise NotReady("The account is changing.")
    return Letter(
        address=person.email,
        language=supported(person.language),
        context={"name": greeting_name(person.name) if person.verified else ""},
        template="email_change_taken",
    )


def _pending(message: EmailMessage, now: datetime) -> users.EmailChangeFacts:
    change = _change(message, now)
    if not change.pending:
        raise Undeliverable("The change of address has come true, was withdrawn, or ran out.")
    return change


def _change(message: EmailMessage, now: datetime) -> users.EmailChangeFacts:
    change = users.email_change(UUID(message.fact("change")), now=now)
    if change is None:
        raise Undeliverable("The account is erased or closed, or the change of address is forgotten.")
    return change
