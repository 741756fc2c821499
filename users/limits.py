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


def spend_mail(*, kind: str, email: str) -> None:
    """
    Count a mail of a kind that strangers can cause: one a minute, five a day for an address.

    :raises RateLimited: the address has had its share.
    """
    subject = email.lower()
    spend(Limit(f"mail.{kind}.minute", 1, _MINUTE), subject)
    spend(Limit(f"mail.{kind}.day", 5, _DAY), subject)


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
