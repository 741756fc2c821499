"""Every way staff change the tree of categories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models import Max, ProtectedError

from products.errors import CategoryInUse
from products.html import safe_html
from products.models import Category, Product
from products.services.changes import catalogue_changed, few_enough
from products.services.naming import free_slug, taken
from shop.audit import services as audit
from shop.core.errors import FieldError, NotFound, ValidationFailed, does_not_exist
from shop.core.transactions import lock_by_name

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID


@transaction.atomic
def create_category(
    *, name: str, slug: str = "", description: str = "", parent: str | None = None
) -> Category:
    """
    Add a category at the top of the tree, or below the one whose slug is given.

    Locks: the tree.

    :raises ValidationFailed: the parent doesn't exist or is as deep as any may be, or the slug is taken; nothing is
        written.
    """
    values = {
        "name": name,
        "slug": slug or free_slug(Category, name),
        "description": safe_html(description),
    }
    lock_tree()
    above = None if parent is None else _parent(parent)
    if above is not None:
        _require_depth(above.depth + 1)
    try:
        with transaction.atomic():
            made: Category = (
                Category.objects.add_root(values)
                if above is None
                else Category.objects.add_child(above, values)
            )
    except IntegrityError:
        raise taken("slug") from None
    catalogue_changed()
    return made


@transaction.atomic
def update_category(*, ref: str, actor_id: UUID | None, now: datetime, **changes: Any) -> Category:
    """
    Change a category.

    A new name reaches search at once for 1,000 products, and for more with the next ``index_products --all``.

    Locks: the tree, then the products in the order of their ids.

    :param ref: its present slug.
    :param changes: any of ``name``, ``slug``, ``description``, and ``parent``: the slug of the category it moves
        below, or None for the top of the tree.
    :raises NotFound: there is none of this slug.
    :raises ValidationFailed: the parent doesn't exist, is below it or too deep, or the new slug is taken; nothing is
        written.
    """
    if "description" in changes:
        changes["description"] = safe_html(changes["description"])
    lock_tree()
    category = _category(ref)
    plain = [name for name in ("name", "slug", "description") if name in changes]
    for name in plain:
        setattr(category, name, changes[name])
    try:
        with transaction.atomic():
            category.save(update_fields=plain)
    except IntegrityError:
        raise taken("slug") from None
    if "parent" in changes:
        _move(category, changes["parent"])
    audit.record(
        actor_id=actor_id,
        action="products.category_updated",
        target=category,
        now=now,
        fields=sorted(changes),
    )
    named = few_enough(Product.objects.filter(category=category)) if "name" in changes else None
    catalogue_changed(named or ())
    return category


@transaction.atomic
def delete_category(*, slug: str, actor_id: UUID | None, now: datetime) -> None:
    """
    Remove a category that has nothing below it and never had a product, archived ones included.

    Locks: the tree.

    :raises NotFound: there is none of this slug.
    :raises CategoryInUse: it has categories or products; nothing is written.
    """
    lock_tree()
    # Locked: a product that has just been put into it is seen by what comes next.
    category = _category(slug, lock=True)
    if category.numchild:
        raise CategoryInUse
    audit.record(actor_id=actor_id, action="products.category_deleted", target=category, now=now)
    try:
        category.delete()
    except ProtectedError:
        raise CategoryInUse from None
    catalogue_changed()


def lock_tree() -> None:
    """
    Let one change of the tree at a time happen, until the caller's transaction ends.

    Where a category stands is a column of each category, worked out from its neighbours: two changes at once would
    give two of them one place.
    """
    lock_by_name("products.categories")


def _move(category: Category, parent: str | None) -> None:
    if parent is None:
        Category.objects.move(category, Category.objects.get_root_nodes().last(), pos="last-sibling")
        return
    above = _parent(parent)
    if above.path.startswith(category.path):
        raise ValidationFailed(FieldError("parent", "invalid", "A category can't stand below itself."))
    lowest = Category.objects.filter(path__startswith=category.path).aggregate(depth=Max("depth"))["depth"]
    _require_depth(above.depth + 1 + lowest - category.depth)
    Category.objects.move(category, above, pos="last-child")


def _require_depth(depth: int) -> None:
    if depth > Category.MOST_DEEP:
        detail = f"Categories stand up to {Category.MOST_DEEP} deep."
        raise ValidationFailed(FieldError("parent", "invalid", detail))


def _category(slug: str, *, lock: bool = False) -> Category:
    rows = Category.objects.select_for_update() if lock else Category.objects
    found: Category | None = rows.filter(slug=slug).first()
    if found is None:
        raise NotFound
    return found


def _parent(slug: str) -> Category:
    found: Category | None = Category.objects.filter(slug=slug).first()
    if found is None:
        raise does_not_exist("parent")
    return found
