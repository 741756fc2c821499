"""VAT ids of the EU's states: format and checksum, by python-stdnum."""

from __future__ import annotations

import functools
import unicodedata
from typing import Any

from cart.tax.territory import EU_STATES
from shop.core.errors import FieldError, ValidationFailed

# For taxes Greece is EL; elsewhere, and in what people type, it is GR.
_GREECE = ("GR", "EL")


def normalised(text: str) -> str:
    """
    Return a VAT id as it is kept: capitals without separators, ``EL`` for Greece. What is empty stays empty.

    Only its form is checked: whether it was ever given to anybody, and to whom, the register (VIES) alone knows, and
    asking it takes the network.

    :raises ValidationFailed: no EU state has such ids, or its digits don't check out (``invalid``, on ``vat_id``).
    """
    # The full-width digits of a foreign keyboard are digits all the same.
    text = unicodedata.normalize("NFKC", text).strip()
    if not text:
        return ""
    letters = text[:2].upper()
    if _state(letters) not in EU_STATES:
        raise _refused("A VAT id begins with the two letters of its EU state, such as DE136695976.")
    library = _library()
    try:
        number: str = library.validate(text)
    except library.InvalidChecksum:
        raise _refused(
            f"This is no VAT id: its digits don't check out. Is it mistyped? ({letters})"
        ) from None
    except library.ValidationError:
        raise _refused(f"VAT ids that begin with {letters} are written differently.") from None
    greek, kept = _GREECE
    return kept + number.removeprefix(greek) if number.startswith(greek) else number


def state_of(vat_id: str) -> str:
    """Return the ISO code of the state that a VAT id is of, or an empty text when it can't be one."""
    try:
        return _state(normalised(vat_id)[:2])
    except ValidationFailed:
        return ""


def _state(letters: str) -> str:
    greece, written = _GREECE
    return greece if letters == written else letters


def _refused(detail: str) -> ValidationFailed:
    return ValidationFailed(FieldError("vat_id", "invalid", detail))


@functools.cache
def _library() -> Any:
    """Return the library, loaded at the first VAT id: 120 ms that most processes save."""
    from stdnum.eu import vat  # noqa: PLC0415

    return vat
