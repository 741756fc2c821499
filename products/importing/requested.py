"""Importing what staff have handed in, in the worker."""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from django.core.files.storage import default_storage
from django.utils import timezone

from products import services
from products.importing.reading import Unreadable
from products.importing.run import Report, run_import
from products.models import CatalogueImport
from shop.core.transactions import use_case

if TYPE_CHECKING:
    from datetime import datetime

logger = logging.getLogger(__name__)

_State = CatalogueImport.State


class _GivenUp(Exception):
    """Raised when somebody has taken this worker for gone: it stops, and writes nothing more."""


def run_next(*, now: datetime) -> int:
    """Import the file that has waited longest, and return how many that were; call it outside of a transaction."""
    # Nearly always there is nothing, and on SQLite a transaction would keep others waiting.
    if not CatalogueImport.objects.filter(state__in=(_State.WAITING, _State.RUNNING)).exists():
        return 0
    for file in use_case(services.give_up_lost_imports, now=now):
        services.drop_import_file(file)
    row = use_case(services.claim_import, now=now)
    if row is None:
        return 0
    try:
        _run(row, now)
    except _GivenUp:
        return 0
    finally:
        services.drop_import_file(row.file)
    return 1


def _run(row: CatalogueImport, now: datetime) -> None:
    state, why, report = _State.FAILED, "Something went wrong in the shop: its log says what.", Report()

    def keep(so_far: Report, at: int) -> None:
        nonlocal report
        report = so_far
        if not use_case(services.keep_import, import_id=row.pk, counts=_counts(so_far), now=timezone.now()):
            raise _GivenUp

    try:
        with default_storage.open(row.file) as file:
            report = run_import(
                file,
                format=row.format,
                dry_run=row.dry_run,
                actor_id=row.actor_id,
                now=now,
                on_progress=keep,
            )
        state, why = _State.DONE, ""
    except Unreadable as refusal:
        why = str(refusal)
    except OSError:
        logger.exception("A file of products can't be read")
        why = "The file can't be read: hand it in again."
    finally:
        # Also after a bug, which goes on to the job's own log.
        use_case(
            services.end_import,
            import_id=row.pk,
            state=state,
            errors=_errors(report, why),
            counts=_counts(report),
            now=timezone.now(),
        )


def _counts(report: Report) -> dict[str, int]:
    return {
        "rows_done": report.rows,
        "created": report.created,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "failed": report.failed,
    }


def _errors(report: Report, why: str) -> list[dict[str, Any]]:
    found = [asdict(error) for error in report.errors]
    if left := report.error_count - len(found):
        found.append({"line": 0, "column": "", "reason": f"There are {left} more."})
    return [{"line": 0, "column": "", "reason": why}, *found] if why else found
