"""The documents say what the code does: made ones are current, calls, codes and variables are those that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from drf_spectacular.generators import SchemaGenerator

from shop.api.problems import FRAMEWORK_PROBLEMS
from shop.core.errors import DomainError
from tests.environment import ROOT, setting_names
from tools.docs import moves

pytestmark = pytest.mark.once

API = (ROOT / "docs" / "api.md").read_text()
BUILT, _, PLANNED = API.partition("## Planned")
DOCUMENTS = [ROOT / "README.md", *ROOT.glob("[CS][A-Z]*.md"), *sorted((ROOT / "docs").rglob("*.md"))]
METHODS = ("get", "post", "put", "patch", "delete")


def bare(path: str) -> str:
    """Return a path with its placeholders unnamed: what they are called is nobody's business."""
    return re.sub(r"\{[^}]*\}", "{}", path)


def documented_calls() -> set[str]:
    rows = re.findall(r"^\| `([A-Z]+) ([^` ]+)`", BUILT, re.MULTILINE)
    return {f"{method} {bare(path)}" for method, path in rows}


def served_calls() -> set[str]:
    schema = SchemaGenerator().get_schema(public=True)
    return {
        f"{method.upper()} {bare(path.removeprefix('/api/v1/'))}"
        for path, calls in schema["paths"].items()
        for method in calls
        if method in METHODS
    }


def test_moves_are_drawn_from_the_code() -> None:
    assert moves.TARGET.read_text() == moves.document(), "run python -m tools.docs.moves"


def test_every_call_is_documented_and_every_documented_call_exists() -> None:
    assert documented_calls() == served_calls() - {"GET schema/"}


def test_every_code_is_documented() -> None:
    # Other tests make up errors of their own.
    ours = {code for code, error in DomainError.registry.items() if ".tests" not in error.__module__}
    known = ours | set(FRAMEWORK_PROBLEMS)

    assert {code for code in known if f"`{code}`" not in BUILT} == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)", document.read_text())
    files = [target for target in targets if "://" not in target and not target.startswith("mailto:")]

    assert [target for target in files if not (document.parent / target).exists()] == []


def test_variables_exist() -> None:
    """What the documents tell to set is a setting of the shop, or one of its tools."""
    of_tools = {
        "WORKERS",
        "PYTHON",
        "VENV",
        "KAFKA_LIBS",
        "REQUIRE_SERVICES",
        "TEST_DATABASE",
        "UPGRADE",
        "MACHINE_SCALE",
    }
    named = {
        name
        for document in DOCUMENTS
        for name in re.findall(r"`([A-Z][A-Z0-9]*_[A-Z0-9_]+)(?:=[^`]*)?`", document.read_text())
    }

    assert named - set(setting_names()) - of_tools - {"PROMETHEUS_MULTIPROC_DIR"} == set()
