"""Pictures of products: stored first, then written down, so that no row names a file that isn't there."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import IO, TYPE_CHECKING, Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Max

from products import pictures
from products.errors import GalleryFull
from products.models import Product, ProductImage
from products.services.changes import catalogue_changed
from shop.audit import services as audit
from shop.core.errors import NotFound, Unavailable
from shop.core.transactions import forbid_transaction, use_case

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

logger = logging.getLogger(__name__)

IMAGE_LIMIT = 50


@dataclass(frozen=True, kw_only=True)
class StoredImage:
    """
    A picture in the default storage: ``file`` is its path there, sizes are pixels.

    ``thumbnails`` has ``{file, width, height}`` of smaller ones, narrowest first.
    """

    file: str
    width: int
    height: int
    thumbnails: Sequence[dict[str, Any]] = ()
    alt: str = ""


def upload_image(
    *, product_id: int, upload: IO[bytes], alt: str, actor_id: UUID | None, now: datetime
) -> ProductImage:
    """
    Add an uploaded picture behind the others, with smaller ones; the first one becomes the cover.

    Transaction: its own; call it outside of one, because files are written before. When the row can't be written,
    the files are taken away again.

    :raises ValidationFailed: it is no picture that the shop takes; nothing is kept.
    :raises GalleryFull: the product has 50 pictures; nothing is kept.
    :raises Unavailable: the disk is full, or the store of pictures doesn't answer; nothing is kept.
    """
    forbid_transaction("Storing a picture")
    picture = pictures.read(upload)
    files: list[str] = []
    try:
        name = f"products/{secrets.token_hex(16)}"
        full = _store(f"{name}.webp", picture.full, files)
        smaller = [_store(f"{name}-{one.width}.webp", one, files) for one in picture.smaller]
        image = StoredImage(**full, thumbnails=smaller, alt=alt)
        return use_case(add_image, product_id=product_id, image=image, actor_id=actor_id, now=now)
    except BaseException:
        _delete(files)
        raise


def keep_picture(*, path: str, content: bytes, alt: str) -> StoredImage:
    """
    Store a picture that is the shop's own, as it is, with smaller ones beside it; ``add_image`` writes it down.

    Transaction: none; call it outside of one. What stands under these names is replaced.

    :param path: ends in ``.webp``, as does what ``content`` holds.
    :raises Unavailable: the disk is full, or the store of pictures doesn't answer.
    """
    forbid_transaction("Storing a picture")
    sizes = pictures.own(content)
    base = path.removesuffix(".webp")
    names = [path, *(f"{base}-{one.width}.webp" for one in sizes.smaller)]
    # The storage would otherwise choose other names beside what stands there.
    _delete([name for name in names if default_storage.exists(name)])
    full, *smaller = (
        _store(name, one, []) for name, one in zip(names, (sizes.full, *sizes.smaller), strict=True)
    )
    return StoredImage(**full, thumbnails=smaller, alt=alt)


@transaction.atomic
def add_image(
    *, product_id: int, image: StoredImage, actor_id: UUID | None = None, now: datetime
) -> ProductImage:
    """
    Write a stored picture down behind the others; the first one becomes the cover.

    Locks: the product.

    :raises GalleryFull: the product has 50 pictures; nothing is written.
    """
    product = Product.objects.select_for_update(no_key=True).get(pk=product_id)
    if product.images.count() >= IMAGE_LIMIT:
        raise GalleryFull(limit=IMAGE_LIMIT)
    last = product.images.aggregate(last=Max("position"))["last"]
    row = ProductImage.objects.create(
        product=product, position=0 if last is None else last + 1, **asdict(image)
    )
    Product.objects.filter(pk=product_id, cover__isnull=True).update(cover=row)
    _changed(product, "products.image_added", row, actor_id=actor_id, now=now)
    return row


@transaction.atomic
def change_image(
    *, product_id: int, image_id: int, changes: dict[str, Any], actor_id: UUID | None, now: datetime
) -> ProductImage:
    """
    Change what a picture says and where it stands.

    Locks: the product.

    :param changes: any of ``alt``, ``position`` (counted from 0; the others make room) and ``cover`` (true).
    :raises NotFound: the product has no such picture.
    """
    product, image = _locked(product_id, image_id)
    if "alt" in changes:
        image.alt = changes["alt"]
        image.save(update_fields=["alt"])
    if "position" in changes:
        _move(product, image, changes["position"])
    if changes.get("cover"):
        Product.objects.filter(pk=product_id).update(cover=image)
    _changed(product, "products.image_changed", image, actor_id=actor_id, now=now)
    image.refresh_from_db()
    return image


@transaction.atomic
def delete_image(*, product_id: int, image_id: int, actor_id: UUID | None, now: datetime) -> None:
    """
    Take a picture away; when it was the cover, the next one becomes it. Its files go once that is committed.

    Locks: the product.

    :raises NotFound: the product has no such picture.
    """
    product, image = _locked(product_id, image_id)
    files = [image.file, *(one["file"] for one in image.thumbnails)]
    _changed(product, "products.image_deleted", image, actor_id=actor_id, now=now)
    image.delete()
    cover = product.images.order_by("position", "pk").first()
    Product.objects.filter(pk=product_id, cover__isnull=True).update(cover=cover)
    # Before the commit a rollback would leave a row without its file; a file too many does no harm.
    transaction.on_commit(lambda: _delete(files), robust=True)


def _locked(product_id: int, image_id: int) -> tuple[Product, ProductImage]:
    product = Product.objects.select_for_update(no_key=True).get(pk=product_id)
    image = product.images.filter(pk=image_id).first()
    if image is None:
        raise NotFound
    return product, image


def _move(product: Product, image: ProductImage, position: int) -> None:
    others = list(product.images.exclude(pk=image.pk).order_by("position", "pk"))
    others.insert(min(position, len(others)), image)
    for place, one in enumerate(others):
        one.position = place
    ProductImage.objects.bulk_update(others, ["position"])


def _changed(
    product: Product, action: str, image: ProductImage, *, actor_id: UUID | None, now: datetime
) -> None:
    Product.objects.filter(pk=product.pk).update(updated_at=now)
    catalogue_changed()
    audit.record(actor_id=actor_id, action=action, target=product, now=now, image=image.pk)


def _store(name: str, encoded: pictures.Encoded, files: list[str]) -> dict[str, Any]:
    # Noted before: a disk that is full keeps the half that fitted. Nobody else has a random name.
    files.append(name)
    try:
        file = default_storage.save(name, ContentFile(encoded.content))
    except OSError as error:
        logger.exception("A picture can't be stored")
        raise Unavailable(retry_after=60) from error
    return {"file": file, "width": encoded.width, "height": encoded.height}


def _delete(files: list[str]) -> None:
    for file in files:
        try:
            default_storage.delete(file)
        except OSError:
            # A file too many does no harm, and what failed before it is what has to be told.
            logger.exception("A picture is left in the store: %s", file)
