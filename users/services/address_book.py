"""The address book: fifty addresses of a kind, at most one of them the default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from shop.core.errors import NotFound
from users.errors import AddressBookFull
from users.models import Address, User

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

ADDRESS_LIMIT = 50


@transaction.atomic
def save_address(
    *, user_id: UUID, kind: str, values: Mapping[str, Any], address_id: UUID | None = None
) -> Address:
    """
    Add an address to somebody's book, or change one; a new default takes the place of the old one.

    Transaction: opens its own. Locks: the account.

    :param kind: ``shipping`` or ``billing``.
    :param values: fields of ``PostalAddress`` and ``is_default``; all that are required for a new address, any
        for one that is there.
    :param address_id: the address to change; None adds one.
    :raises AddressBookFull: there are 50 of the kind already; nothing is written.
    :raises NotFound: the address isn't in this book under this kind, or there is no such account.
    """
    _lock_book(user_id)
    book = Address.objects.filter(user_id=user_id, kind=kind)
    if address_id is None:
        if book.count() >= ADDRESS_LIMIT:
            raise AddressBookFull(limit=ADDRESS_LIMIT)
        address = Address(user_id=user_id, kind=kind)
    else:
        address = _found(book.filter(pk=address_id).first())
    for name, value in values.items():
        setattr(address, name, value)
    if address.is_default:
        # Before the new one, or the constraint would see two.
        book.filter(is_default=True).exclude(pk=address.pk).update(is_default=False)
    address.save()
    return address


@transaction.atomic
def delete_address(*, user_id: UUID, kind: str, address_id: UUID) -> None:
    """
    Remove an address from somebody's book; orders keep their copies.

    Transaction: opens its own.

    :raises NotFound: the address isn't in this book under this kind.
    """
    deleted, _ = Address.objects.filter(user_id=user_id, kind=kind, pk=address_id).delete()
    if not deleted:
        raise NotFound


def _lock_book(user_id: UUID) -> None:
    # Two additions at once would count 49 each, and two defaults collide. SQLite serialises writers anyway.
    if not User.objects.select_for_update().filter(pk=user_id).values_list("pk", flat=True).first():
        raise NotFound


def _found(address: Address | None) -> Address:
    if address is None:
        raise NotFound
    return address
