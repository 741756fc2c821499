"""How accounts refuse."""

from __future__ import annotations

from shop.core.errors import DomainError, Kind


class InvalidCredentials(DomainError):
    """Raised when address and password don't open an account; it never says which of them is wrong."""

    code = "invalid_credentials"
    kind = Kind.UNAUTHENTICATED
    title = "Wrong e-mail address or password"
    message = "This e-mail address and password don't belong together."
    remedy = "Check both, or ask for a link to set a new password."


class OtpRequired(DomainError):
    """
    Raised when the password is right and the second factor isn't.

    ``reason`` says why: ``missing``, ``wrong`` (or used before), or ``not_set_up`` where staff must have one.
    """

    code = "otp_required"
    kind = Kind.UNAUTHENTICATED
    title = "A code of the second factor is needed"
    message = "This account is signed in to with a code as well as the password."
    remedy = "Send the current code of the authenticator app, or a recovery code, as otp."


class TokenInvalid(DomainError):
    """Raised when a refresh token is no good: forged, expired, used before, or of a session that has ended."""

    code = "token_invalid"
    kind = Kind.UNAUTHENTICATED
    title = "The token is not valid"
    message = "This token is not valid, or no longer."
    remedy = "Sign in again."


class TokenExpired(DomainError):
    """Raised when a mailed link is too old, was used before, or never was one."""

    code = "token_expired"
    kind = Kind.INVALID
    title = "The link is no longer valid"
    message = "This link is not valid, or no longer."
    remedy = "Ask for a new link and open the newest mail."


class AddressBookFull(DomainError):
    """Raised when an address book has no room for another address of a kind."""

    code = "address_book_full"
    kind = Kind.REFUSED
    title = "The address book is full"
    message = "An address book holds {limit} addresses of a kind."
    remedy = "Delete an address that is no longer needed, then add the new one."


class CustomerGroupInUse(DomainError):
    """Raised when a group is to be deleted that somebody is in; nothing is changed."""

    code = "customer_group_in_use"
    kind = Kind.CONFLICT
    title = "The group has members"
    message = "This group has {member_count} members, who would lose what it gives them."
    remedy = "Take its members out of the group first, or leave it as it is."
    example = {"member_count": 12}


class TwoFactorOn(DomainError):
    """Raised when somebody sets a second factor up who has one."""

    code = "two_factor_on"
    kind = Kind.CONFLICT
    title = "The second factor is on already"
    message = "This account has a second factor already."
    remedy = "Switch it off first, then set up the new one."


class TwoFactorNeeded(DomainError):
    """Raised when staff would switch off the second factor that the shop asks of them."""

    code = "two_factor_needed"
    kind = Kind.CONFLICT
    title = "The second factor has to stay"
    message = "The shop asks its staff for a second factor."
    remedy = "Ask an administrator to reset it, then set up the new one at the next sign-in."


class ErasureBlocked(DomainError):
    """
    Raised when a person can't be erased yet; nothing is changed.

    ``blockers`` has a sentence for each thing that stands in the way.
    """

    code = "erasure_blocked"
    kind = Kind.CONFLICT
    title = "The account can't be erased yet"
    message = "Something still open belongs to this account."
    remedy = "Wait until it is finished, or cancel it, then try again."
