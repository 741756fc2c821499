"""Serializers that refuse what they don't know, and the fields they share."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from shop.api.problems import UnknownField, UnknownFilter
from shop.core.money import is_currency
from shop.core.names import FILTER_NAME

_MAX_PREFIXED = 10


class BodySerializer(serializers.Serializer[Any]):
    """
    The shape of a request body: types and ranges, no query.

    An unknown field is refused; those in ``ignored`` (read-only fields of the matching answer) are passed over.
    """

    ignored: tuple[str, ...] = ()

    def to_internal_value(self, data: Any) -> Any:
        """
        Return the validated values.

        :raises UnknownField: the body has a field that this call doesn't know.
        """
        if isinstance(data, dict):
            unknown = sorted(set(data) - set(self.fields) - set(self.ignored))
            if unknown:
                raise UnknownField(fields=unknown)
        return super().to_internal_value(data)


class QuerySerializer(serializers.Serializer[Any]):
    """
    The filters and orderings of a list, each given at most once.

    ``prefixes`` names families of filters such as ``attr.<name>``, ten of them at most.
    """

    prefixes: tuple[str, ...] = ()
    # Read by paging, never filters of a list; a list that knows more of them says so.
    reserved: tuple[str, ...] = ("cursor", "page_size")

    @classmethod
    def read(cls, query: Any) -> dict[str, Any]:
        """
        Return the validated filters of a query string, and the prefixed ones as they came.

        :raises UnknownFilter: one isn't known here.
        :raises rest_framework.exceptions.ValidationError: a value can't be read.
        """
        serializer = cls(data={name: query[name] for name in query})
        prefixed = (
            {name: query[name] for name in query if name.startswith(cls.prefixes)} if cls.prefixes else {}
        )
        named = {name for name in prefixed if FILTER_NAME.fullmatch(name.partition(".")[2])}
        unknown = sorted(set(query) - set(serializer.fields) - named - set(cls.reserved))
        if unknown:
            raise UnknownFilter(names=[name[:100] for name in unknown[:20]])
        ordering = serializer.fields.get("ordering")
        if isinstance(ordering, serializers.ChoiceField) and query.get("ordering", "") not in {
            "",
            *ordering.choices,
        }:
            raise UnknownFilter(names=[f"ordering={query['ordering'][:100]}"])
        twice = {name: ["Write this once."] for name in query if len(query.getlist(name)) > 1}
        if twice:
            raise serializers.ValidationError(twice, code="invalid")
        serializer.is_valid(raise_exception=True)
        return {**serializer.validated_data, **_prefixed_values(prefixed)}


class CurrencyField(serializers.CharField):
    """A currency that this shop sells in, by its ISO 4217 code."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_length=3, max_length=3, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        """Return the code in capitals."""
        code: str = super().to_internal_value(data).upper()
        if not is_currency(code):
            raise serializers.ValidationError("This is no currency of this shop.", code="invalid_choice")
        return code


class PlainTextField(serializers.CharField):
    """One line of text for names and addresses: no control characters, so it is safe in mail headers too."""

    def to_internal_value(self, data: Any) -> str:
        """Return the text, trimmed."""
        text = super().to_internal_value(data)
        if any(ord(character) < 32 or ord(character) == 127 for character in text):
            raise serializers.ValidationError("Control characters are not allowed.", code="invalid")
        return text


class StrictIntegerField(serializers.IntegerField):
    """A whole number: neither ``true`` nor ``1.0`` nor ``"1"`` counts as one."""

    def to_internal_value(self, data: Any) -> int:
        """Return the number."""
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return super().to_internal_value(data)


def _prefixed_values(given: dict[str, str]) -> dict[str, str]:
    if len(given) > _MAX_PREFIXED:
        too_many = f"Ask for at most {_MAX_PREFIXED} of these."
        raise serializers.ValidationError({max(given): [too_many]}, code="invalid")
    # One by one: a serializer would take the dot in a name for a nested field.
    field, read, refused = PlainTextField(max_length=200), {}, {}
    for name, value in given.items():
        try:
            read[name] = field.run_validation(value)
        except serializers.ValidationError as error:
            refused[name] = error.detail
    if refused:
        raise serializers.ValidationError(refused)
    return read
