"""
The tests' databases: migrated once in a run and copied for every worker, and emptied quickly.

Applying the migrations takes some eight seconds of processor time. Emptying as Django does takes a sixth of a second,
which tests that need real transactions ask for hundreds of times: content types and permissions are written anew, and
PostgreSQL makes new files for each table.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.test import TransactionTestCase

from tests.environment import KEEPER, POSTGRES_PASS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.db.models import Model
    from pytest_django import DjangoDbBlocker

_TEMPLATE: Final = "test_template"
# No test writes these, and a run would write them anew hundreds of times.
_KEPT: Final = frozenset(("django_content_type", "auth_permission"))


class Template:
    """A migrated database that workers copy; the first of them makes it while the others wait."""

    def __init__(self) -> None:
        folder = Path(os.environ[KEEPER]).parent
        self._file = folder / _TEMPLATE
        self._ready = folder / f"{_TEMPLATE}.ready"
        self._lock: IO[bytes] | None = (folder / f"{_TEMPLATE}.lock").open("wb")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        if self._ready.exists():
            self._unlock()

    def use(self, database: dict[str, Any]) -> None:
        """Let the test database begin as a copy, if the template is there."""
        if self._lock:
            return
        if POSTGRES_PASS:
            database["TEST"]["TEMPLATE"] = _TEMPLATE
        else:
            shutil.copyfile(self._file, database["TEST"]["NAME"])

    def offer(self) -> None:
        """Make the template of the test database that was just migrated, if there was none."""
        if not self._lock:
            return
        name = str(connection.settings_dict["NAME"])
        connection.close()
        if POSTGRES_PASS:
            with connection._nodb_cursor() as cursor:
                cursor.execute(f"CREATE DATABASE {_TEMPLATE} TEMPLATE {connection.ops.quote_name(name)}")
        else:
            shutil.copyfile(name, self._file)
        self._ready.touch()
        self._unlock()

    def _unlock(self) -> None:
        if self._lock:
            self._lock.close()
            self._lock = None


@pytest.fixture(scope="session")
def _template() -> Template:
    return Template()


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """Take SQLite's copied file as it is; it goes with the run's folder."""
    return not POSTGRES_PASS


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, _template: Template
) -> None:
    """Give each worker a database of its own, copied from the first one's."""
    _template.use(settings.DATABASES["default"])


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, _template: Template
) -> Iterator[None]:
    """Make the database, offer it to the other workers, and begin every test with what the migrations wrote."""
    with django_db_blocker.unblock():
        _template.offer()
        tables = sorted(set(connection.introspection.django_table_names()) - _KEPT)
        written = [rows for model in _models() if (rows := list(model._base_manager.all()))]

    def empty(test: TransactionTestCase) -> None:
        connection.ops.execute_sql_flush(_deletes(tables))
        for rows in written:
            type(rows[0])._base_manager.bulk_create(rows)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(TransactionTestCase, "_fixture_teardown", empty)
        yield


def _models() -> list[type[Model]]:
    return [model for model in apps.get_models() if model._meta.db_table not in _KEPT]


def _deletes(tables: Sequence[str]) -> list[str]:
    deletes = [f"DELETE FROM {connection.ops.quote_name(table)}" for table in tables]
    if not POSTGRES_PASS:
        return deletes
    # As a replica it fires no triggers: neither those that keep ledgers from being deleted, nor foreign keys.
    return [
        "; ".join(
            [
                "SET LOCAL session_replication_role = replica",
                *deletes,
                "SET LOCAL session_replication_role = origin",
            ]
        )
    ]
