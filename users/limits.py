"""How often accounts may be tried. Counted before anything is looked up, so known and unknown count alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shop.api.limits import Limit, spend
from shop.core.errors import RateLimited

if TYPE_CHECKING:
    from uuid import UUID

    from users.devices import Client

_MINUTE, _QUARTER, _HOUR, _DAY = 60, 900, 3600, 86400

# Someone who forgot which password it was needs a handful of tries.
_SIGN_IN_PAIR = Limit("sign_in.pair", 10, _QUARTER)
# Many addresses against one account. The window ends, so the owner is never locked out for good.
_SIGN_IN_ACCOUNT = Limit("sign_in.account", 50, _QUARTER)
# One address against many accounts; an office behind one address must still get in.
_SIGN_IN_CLIENT = Limit("sign_in.client", 100, _QUARTER)
# Everybody together: a bound on what guessing from everywhere can try, far over a busy shop's own.
_SIGN_IN_ALL = Limit("sign_in.all", 3000, _MINUTE)
_REGISTER_CLIENT = Limit("register.client", 20, _HOUR)
_RESET_CLIENT = Limit("password_reset.client", 20, _HOUR)
_LINK_CLIENT = Limit("mailed_link.client", 60, _HOUR)
_PASSWORD_USER = Limit("password_change.user", 10, _QUARTER)
# Three of a million codes count at a time: even with the password, guessing one takes two years like this.
_CODE_ACCOUNT = Limit("second_factor.account", 5, _QUARTER)
# Each asking sends a notice to the present address, which can't be left out: it is what tells the owner.
_EMAIL_CHANGE_ACCOUNT = Limit("email_change.account", 5, _DAY)

# For a full mailbox it makes no difference which of our forms was used to fill it.
_MAIL_ADDRESS = Limit("mail.address", 5, _DAY)
# Somebody who makes up their mind is far below it. It only bounds how many rows one account can fill.
_CONSENT_USER = Limit("consent.user", 100, _DAY, fail_closed=False)
# It reads everything that somebody has in the shop; nobody needs it often.
_EXPORT_USER = Limit("export.user", 10, _DAY)


def spend_sign_in(*, email: str, client: Client) -> None:
    """
    Count a try to sign in.

    :raises RateLimited: too often for this account, from this client, or both.
    :raises Unavailable: the cache can't count; guessing would be free.
    """
    account = email.lower()
    spend(_SIGN_IN_PAIR, f"{account} {client.subject}")
    spend(_SIGN_IN_CLIENT, client.subject)
    spend(_SIGN_IN_ACCOUNT, account)
    spend(_SIGN_IN_ALL, "all")


def spend_registration(client: Client) -> None:
    """
    Count an account opened from a client.

    :raises RateLimited: too often.
    """
    spend(_REGISTER_CLIENT, client.subject)


def spend_reset_request(client: Client) -> None:
    """
    Count a client's asking for reset links.

    :raises RateLimited: too often.
    """
    spend(_RESET_CLIENT, client.subject)


def spend_mailed_link(client: Client) -> None:
    """
    Count a client's use of mailed links, good or not.

    :raises RateLimited: too often.
    """
    spend(_LINK_CLIENT, client.subject)


def spend_password_change(user_id: UUID) -> None:
    """
    Count a try of the old password by somebody signed in.

    :raises RateLimited: too often.
    """
    spend(_PASSWORD_USER, str(user_id))


def spend_export(user_id: UUID) -> None:
    """
    Count an account's export of its data.

    :raises RateLimited: too often.
    """
    spend(_EXPORT_USER, str(user_id))


def spend_email_change(email: str) -> None:
    """
    Count an account's asking for another address.

    :param email: its present address; a new account at the same address doesn't start anew.
    :raises RateLimited: too often.
    """
    spend(_EMAIL_CHANGE_ACCOUNT, email.lower())


def spend_consent(user_id: UUID) -> None:
    """
    Count something that somebody agrees to or takes back.

    :raises RateLimited: too often.
    """
    spend(_CONSENT_USER, str(user_id))


def spend_second_factor(user_id: UUID) -> None:
    """
    Count a code of a second factor, right or wrong; the window ends, so the owner is never locked out for good.

    :raises RateLimited: too often.
    """
    spend(_CODE_ACCOUNT, str(user_id))


def spend_mail(*, kind: str, email: str) -> None:
    """
    Count a mail that strangers can cause: of a kind one a minute, of all kinds five a day for an address.

    :raises RateLimited: the address has had its share.
    """
    subject = email.lower()
    spend(Limit(f"mail.{kind}.minute", 1, _MINUTE), subject)
    spend(_MAIL_ADDRESS, subject)


def may_mail(*, kind: str, email: str) -> bool:
    """
    Count a mail like ``spend_mail``, but tell instead of refusing.

    Where the answer must be the same for every address, a mail too many is simply not written.
    """
    try:
        spend_mail(kind=kind, email=email)
    except RateLimited:
        return False
    return True
