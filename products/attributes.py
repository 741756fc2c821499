"""What values of attributes are: written in one way, whoever writes them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

_LONGEST = 200
_MOST_DIGITS = 15
_YES, _NO = ("true", "yes", "1", "ja"), ("false", "no", "0", "nein")


def folded(text: str) -> str:
    """Return a text without regard to case and width of spaces, the same on every database."""
    return " ".join(text.split()).casefold()


def written(value: object, *, kind: str, choices: Sequence[str] = ()) -> str:
    """
    Return a value as it is stored and shown: ``12.5``, ``true``, or a choice as staff wrote it.

    :param value: text, or for a number or a boolean also one of JSON's.
    :param kind: of ``Attribute.Kind``.
    :raises ValueError: it is none of the kind; the text says what would be.
    """
    text = ("true" if value else "false") if isinstance(value, bool) else " ".join(str(value).split())
    if not text or len(text) > _LONGEST:
        raise ValueError(f"A value has 1 to {_LONGEST} characters.")
    if kind == "number":
        return _number(text)
    if kind == "boolean":
        return _boolean(text)
    if kind == "choice":
        return _choice(text, choices)
    return text


def _number(text: str) -> str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError("This is a number: write it like 12.5.") from None
    if (
        not number.is_finite()
        or len(number.as_tuple().digits) > _MOST_DIGITS
        or abs(number.adjusted()) > _MOST_DIGITS
    ):
        raise ValueError(f"A number has {_MOST_DIGITS} digits at most.")
    plain = f"{number:f}"
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return "0" if plain in ("-0", "") else plain


def _boolean(text: str) -> str:
    said = text.casefold()
    if said in _YES:
        return "true"
    if said in _NO:
        return "false"
    raise ValueError("This is true or false.")


def _choice(text: str, choices: Sequence[str]) -> str:
    for choice in choices:
        if folded(choice) == folded(text):
            return choice
    raise ValueError(f"This is one of: {', '.join(choices)}.")
