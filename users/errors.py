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
