"""What products are compared by, and their values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from products.attributes import folded, written
from products.errors import AttributeInUse
from products.models import Attribute, Product, ProductAttribute
from shop.audit import services as audit
from shop.core.errors import FieldError, ValidationFailed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from uuid import UUID

_BATCH = 500


@dataclass(frozen=True, kw_only=True)
class AttributeData:
    """What staff say of an attribute; ``kind`` is of ``Attribute.Kind``, ``choices`` only for a choice."""

    name: str
    kind: str = "text"
    unit: str = ""
    choices: Sequence[str] = ()
    filterable: bool = True
    position: int = 0


@transaction.atomic
def save_attribute(
    *, data: AttributeData, attribute_id: int | None = None, actor_id: UUID | None, now: datetime
) -> Attribute:
    """
    Add an attribute, or change one; the products' values are written anew where its name or kind changes.

    Locks: the attribute.

    :raises ValidationFailed: the name is taken, a choice has no choices, or a product's value is none of the new
        kind; nothing is written.
    """
    if data.kind == Attribute.Kind.CHOICE and not data.choices:
        raise ValidationFailed(FieldError("choices", "required", "A choice needs values to choose from."))
    attribute = Attribute.objects.select_for_update().get(pk=attribute_id) if attribute_id else Attribute()
    former = attribute.name
    for name in ("kind", "unit", "filterable", "position"):
        setattr(attribute, name, getattr(data, name))
    attribute.name = " ".join(data.name.split())
    attribute.key = folded(data.name)
    attribute.choices = list(data.choices) if data.kind == Attribute.Kind.CHOICE else []
    try:
        with transaction.atomic():
            attribute.save()
    except IntegrityError as error:
        raise ValidationFailed(FieldError("name", "unique", "There is an attribute of this name.")) from error
    if attribute_id:
        _write_anew(attribute, former)
    audit.record(actor_id=actor_id, action="products.attribute_saved", target=attribute, now=now)
    return attribute


@transaction.atomic
def delete_attribute(*, attribute_id: int, actor_id: UUID | None, now: datetime) -> None:
    """
    Delete an attribute that no product has a value of.

    :raises AttributeInUse: one has; nothing is written.
    """
    attribute = Attribute.objects.select_for_update().get(pk=attribute_id)
    if attribute.values.exists():
        raise AttributeInUse
    audit.record(actor_id=actor_id, action="products.attribute_deleted", target=attribute, now=now)
    attribute.delete()


def set_attributes(product: Product, values: Mapping[str, object]) -> None:
    """
    Give a product its values, in the caller's transaction; an attribute nobody has defined becomes a text.

    ``product.attributes`` is set but not saved: the caller saves the product.

    :param values: by the attributes' names, in any case.
    :raises ValidationFailed: a value is none of its attribute's kind; nothing is written.
    """
    known = _attributes_named(values)
    rows, shown = [], {}
    for name, value in values.items():
        attribute = known[folded(name)]
        text = _written(attribute, value)
        shown[attribute.name] = text
        rows.append(ProductAttribute(product=product, attribute=attribute, key=folded(text), value=text))
    ProductAttribute.objects.filter(product=product).delete()
    ProductAttribute.objects.bulk_create(rows)
    product.attributes = shown


def _attributes_named(names: Mapping[str, object]) -> dict[str, Attribute]:
    wanted = {folded(name): " ".join(name.split()) for name in names}
    known = {row.key: row for row in Attribute.objects.filter(key__in=wanted)}
    missing = [Attribute(name=wanted[key], key=key) for key in sorted(set(wanted) - set(known))]
    if missing:
        # Another request may make the same ones this moment.
        Attribute.objects.bulk_create(missing, ignore_conflicts=True)
        known = {row.key: row for row in Attribute.objects.filter(key__in=wanted)}
    return known


def _written(attribute: Attribute, value: object) -> str:
    try:
        return written(value, kind=attribute.kind, choices=attribute.choices)
    except ValueError as error:
        raise ValidationFailed(FieldError(f"attributes.{attribute.name}", "invalid", str(error))) from error


def _write_anew(attribute: Attribute, former: str) -> None:
    """Bring every product's value in line with what the attribute is now, a batch at a time."""
    for batch in _batches(attribute):
        for row in batch:
            row.value = _written(attribute, row.value)
            row.key = folded(row.value)
            row.product.attributes = {
                (attribute.name if name == former else name): (row.value if name == former else value)
                for name, value in row.product.attributes.items()
            }
        ProductAttribute.objects.bulk_update(batch, ["value", "key"])
        Product.objects.bulk_update([row.product for row in batch], ["attributes"])


def _batches(attribute: Attribute) -> Iterator[list[ProductAttribute]]:
    last = 0
    rows = attribute.values.select_related("product").order_by("pk")
    while batch := list(rows.filter(pk__gt=last)[:_BATCH]):
        yield batch
        last = batch[-1].pk
