"""The environment that tests run in: fixed before Django reads its settings, whatever the developer's own says."""

from __future__ import annotations

import atexit
import os
import re
import sys
from pathlib import Path
from typing import Final

from tools.services import Postgres
from tools.services.keeper import Keeper

ROOT = Path(__file__).resolve().parent.parent
# Where the workers of a run find the process that keeps the servers.
KEEPER: Final = "SHOP_TEST_KEEPER"
POSTGRES_PASS = os.environ.get("TEST_DATABASE") == "postgres"


def prepare() -> None:
    """
    Set the environment of a test run, and keep its servers until this process ends.

    A worker inherits both: the environment, and the keeper of the process that started it.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker:
        set_data_folder(Path(os.environ[KEEPER]).parent / worker)
        return
    for name in setting_names():
        os.environ.pop(name, None)
    keeper = Keeper().open()
    atexit.register(keeper.close)
    os.environ[KEEPER] = str(keeper.address)
    set_data_folder(keeper.folder / "data")
    database = os.environ.get("TEST_DATABASE", "sqlite")
    if database not in ("sqlite", "postgres"):
        sys.exit(f"TEST_DATABASE is {database!r}; write sqlite or postgres.")
    if POSTGRES_PASS:
        reason = Postgres.available()
        if reason:
            sys.exit(f"TEST_DATABASE=postgres: {reason}.")
        # The address is enough for the settings; the server starts with the session.
        os.environ["DATABASE_URL"] = keeper.reserve(Postgres.name)


def set_data_folder(folder: Path) -> None:
    """Give this process a data folder of its own, so that no test touches the developer's or a neighbour's."""
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["SHOP_DATA"] = str(folder)


def setting_names() -> list[str]:
    """Return the names of the shop's settings: exported ones (by `make services`, say) must not leak into tests."""
    example = ROOT / ".env.example"
    return (
        re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", example.read_text(), re.MULTILINE) if example.exists() else []
    )
