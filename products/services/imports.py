"""What becomes of files of products that staff hand in; a job reads them."""

from __future__ import annotations

import logging
import secrets
from datetime import timedelta
from typing import IO, TYPE_CHECKING, Any

from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction

from products.models import CatalogueImport
from shop.audit import services as audit
from shop.core.errors import Unavailable
from shop.core.transactions import forbid_transaction, use_case

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

logger = logging.getLogger(__name__)

_State = CatalogueImport.State
# A batch takes seconds; whoever says nothing for this long is gone.
LOST_AFTER = timedelta(minutes=5)
# Long enough to look up what a file of the season before did; who handed it in stays in the journal.
KEPT_FOR = timedelta(days=90)
_FORGOTTEN_AT_ONCE = 500


def request_import(
    *, upload: IO[bytes], name: str, format: str, dry_run: bool, actor_id: UUID | None, now: datetime
) -> CatalogueImport:
    """
    Store a file of products for the job that imports it.

    Transaction: its own; call it outside of one, because the file is written before.

    :param format: of ``products.importing.formats.FORMATS``.
    :raises Unavailable: the disk is full, or the store of files doesn't answer; nothing is kept.
    """
    forbid_transaction("Storing a file")
    try:
        file = default_storage.save(f"imports/{secrets.token_hex(16)}.csv", File(upload))
    except OSError as error:
        logger.exception("A file of products can't be stored")
        raise Unavailable(retry_after=60) from error
    try:
        return use_case(
            _write_down,
            file=file,
            name=name[:200],
            format=format,
            dry_run=dry_run,
            actor_id=actor_id,
            now=now,
        )
    except BaseException:
        drop_import_file(file)
        raise


def drop_import_file(file: str) -> None:
    """Delete a file that has been imported, or never will be."""
    try:
        default_storage.delete(file)
    except OSError:
        # What became of the import counts, and is written down.
        logger.exception("A file of products can't be deleted: %s", file)


@transaction.atomic
def claim_import(*, now: datetime) -> CatalogueImport | None:
    """Take the import that has waited longest; None when there is none, or somebody else was faster."""
    row = CatalogueImport.objects.filter(state=_State.WAITING).order_by("pk").first()
    # One statement both looks and takes, so two workers can't have the same one.
    if row is None or not _running(row.pk, _State.WAITING, state=_State.RUNNING, alive_at=now):
        return None
    row.state, row.alive_at = _State.RUNNING, now
    return row


@transaction.atomic
def keep_import(*, import_id: int, counts: Mapping[str, int], now: datetime) -> bool:
    """
    Write down how far an import is; False when it has been given up meanwhile, and whoever runs it must stop.

    :param counts: rows_done, created, updated, unchanged and failed.
    """
    return _running(import_id, _State.RUNNING, alive_at=now, **counts)


@transaction.atomic
def end_import(
    *, import_id: int, state: str, errors: list[dict[str, Any]], counts: Mapping[str, int], now: datetime
) -> bool:
    """Write down how an import has ended; False when it has been given up meanwhile."""
    return _running(import_id, _State.RUNNING, state=state, errors=errors, finished_at=now, file="", **counts)


@transaction.atomic
def give_up_lost_imports(*, now: datetime) -> list[str]:
    """Mark imports as failed whose worker is gone, and return their files; handed in again they do no harm."""
    lost = CatalogueImport.objects.filter(state=_State.RUNNING, alive_at__lte=now - LOST_AFTER)
    reason = "The worker stopped on the way. What was done so far is in: hand the file in again for the rest."
    error = {"line": 0, "column": "", "reason": reason}
    return [
        row.file
        for row in lost
        if _running(row.pk, _State.RUNNING, state=_State.FAILED, finished_at=now, file="", errors=[error])
    ]


@transaction.atomic
def forget_old_imports(*, now: datetime) -> int:
    """Delete what was written down of imports that ended 90 days ago, some hundred at once; return how many."""
    ended = CatalogueImport.objects.filter(finished_at__lt=now - KEPT_FOR).order_by("pk")
    ids = list(ended.values_list("pk", flat=True)[:_FORGOTTEN_AT_ONCE])
    return CatalogueImport.objects.filter(pk__in=ids).delete()[0]


def _write_down(*, actor_id: UUID | None, now: datetime, **values: Any) -> CatalogueImport:
    row = CatalogueImport.objects.create(actor_id=actor_id, requested_at=now, **values)
    audit.record(actor_id=actor_id, action="products.import_requested", target=row, now=now)
    return row


def _running(import_id: int, before: str, **changes: Any) -> bool:
    return CatalogueImport.objects.filter(pk=import_id, state=before).update(**changes) == 1
