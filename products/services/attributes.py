"""What products are compared by, and their values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef

from products.attributes import folded, written
from products.errors import AttributeInUse
from products.models import Attribute, Product, ProductAttribute
from products.selectors.named import attributes_named
from products.services.changes import catalogue_changed, few_enough
from shop.audit import services as audit
from shop.core.errors import FieldError, ValidationFailed
from shop.core.names import FILTER_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
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
    Add an attribute, or change one; the products' values are written anew where its name, kind or choices change.

    Locks: the attribute, which waits for those who give products a value of it; then the products that have one.

    :raises ValidationFailed: the name is taken or none that a filter can have, a choice has no choices, or a product's
        value is none of the new kind; nothing is written.
    """
    if data.kind == Attribute.Kind.CHOICE and not data.choices:
        raise ValidationFailed(FieldError("choices", "required", "A choice needs values to choose from."))
    attribute = Attribute.objects.select_for_update().get(pk=attribute_id) if attribute_id else Attribute()
    former = attribute.name
    name = " ".join(data.name.split())
    if (not attribute_id or name != former) and not FILTER_NAME.fullmatch(name):
        detail = "Name attributes by letters, digits, spaces, _ and -: they are filters too."
        raise ValidationFailed(FieldError("name", "invalid", detail))
    was = (attribute.name, attribute.kind, attribute.choices)
    for field in ("kind", "unit", "filterable", "position"):
        setattr(attribute, field, getattr(data, field))
    attribute.name, attribute.key = name, folded(name)
    attribute.choices = list(data.choices) if data.kind == Attribute.Kind.CHOICE else []
    try:
        with transaction.atomic():
            attribute.save()
    except IntegrityError as error:
        raise ValidationFailed(FieldError("name", "unique", "There is an attribute of this name.")) from error
    if attribute_id:
        if was != (attribute.name, attribute.kind, attribute.choices):
            _write_anew(attribute, former)
        catalogue_changed(few_enough(Product.objects.filter(attribute_values__attribute=attribute)) or ())
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


def hold_attributes(names: Iterable[str]) -> dict[str, Attribute]:
    """
    Return the attributes of these names by key, each made as a text where there is none of its name.

    Until the caller's transaction ends nobody gives them another name or kind. Who locks products too calls this first.
    """
    # One spelling of each, the same one in whatever order they come.
    wanted = {folded(name): " ".join(name.split()) for name in sorted(names, reverse=True)}
    known = attributes_named(wanted, hold=True)
    missing = [Attribute(name=wanted[key], key=key) for key in sorted(set(wanted) - set(known))]
    if missing:
        # Another request may make the same ones this moment.
        Attribute.objects.bulk_create(missing, ignore_conflicts=True)
        known = attributes_named(wanted, hold=True)
    return known


def set_attributes(product: Product, values: Mapping[str, object]) -> None:
    """
    Give a product its values, in the caller's transaction; an attribute nobody has defined becomes a text.

    ``product.attributes`` is set but not saved: the caller saves the product.

    :param values: by the attributes' names, in any case.
    :raises ValidationFailed: a value is none of its attribute's kind; nothing is written.
    """
    known = hold_attributes(values)
    rows, shown = [], {}
    for name, value in values.items():
        attribute = known[folded(name)]
        text = _written(attribute, value)
        shown[attribute.name] = text
        rows.append(ProductAttribute(product=product, attribute=attribute, key=folded(text), value=text))
    ProductAttribute.objects.filter(product=product).delete()
    ProductAttribute.objects.bulk_create(rows)
    product.attributes = shown


def _written(attribute: Attribute, value: object) -> str:
    try:
        return written(value, kind=attribute.kind, choices=attribute.choices)
    except ValueError as error:
        raise ValidationFailed(FieldError(f"attributes.{attribute.name}", "invalid", str(error))) from error


def _write_anew(attribute: Attribute, former: str) -> None:
    """Bring every product's value in line with what the attribute is now, a batch at a time."""
    for products in _batches(attribute):
        # Read under the locks: who has just edited one of them may have taken the value away.
        values = list(attribute.values.filter(product__in=products).order_by("product"))
        for row in values:
            row.value = _written(attribute, row.value)
            row.key = folded(row.value)
        shown = {row.product_id: row.value for row in values}
        for product in products:
            product.attributes = dict(
                (attribute.name, shown.get(product.pk, value)) if name == former else (name, value)
                for name, value in product.attributes.items()
            )
        ProductAttribute.objects.bulk_update(values, ["value", "key"])
        Product.objects.bulk_update(products, ["attributes"])


def _batches(attribute: Attribute) -> Iterator[list[Product]]:
    last = 0
    having_it = ProductAttribute.objects.filter(attribute=attribute, product=OuterRef("pk"))
    rows = Product.objects.filter(Exists(having_it)).only("attributes").order_by("pk")
    while batch := list(rows.filter(pk__gt=last).select_for_update(no_key=True)[:_BATCH]):
        yield batch
        last = batch[-1].pk
