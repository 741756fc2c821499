"""What no linter sees: the house rules that would otherwise only be wishes."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models

from shop.core.errors import DomainError
from shop.core.money import is_currency
from shop.events import registry
from shop.events.event import Event

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[2]
# From the bottom to the top.
LAYERS = ("api", "audit", "events", "users", "products", "cart", "orders", "payments", "notifications", "ops")
DOMAINS = LAYERS[3:9]
FOLDERS = ("shop", *DOMAINS)
MOST_LINES = 400

# Calls that write rows, when they are made on a manager, a queryset or an instance.
WRITES = {
    "create", "bulk_create", "get_or_create", "update_or_create", "bulk_update", "delete", "update", "save",
    "add_root", "add_child", "set_password",
}  # fmt: skip
# Where rows may be written besides services and models, and why.
WRITERS = {
    "shop/api/idempotency.py": "the guard's own row",
    "shop/events/": "the runtime's own rows: outbox, inbox, leases",
    "shop/ops/demo/": "what staff would enter by hand, into an empty shop",
    "shop/audit/services.py": "the record",
    "products/search/indexing.py": "what search knows of the catalogue",
    "products/seeding/": "made-up goods, past the services for speed",
    "users/versions.py": "raises an account's version, called by its services only",
    "notifications/sender.py": "the sender's claim and its outcome",
    "products/search/": "the index, made from the catalogue whenever that changes",
}


def sources(*folders: str) -> Iterator[Path]:
    """Yield the Python files of ours, without migrations."""
    for folder in folders:
        yield from (path for path in sorted((ROOT / folder).rglob("*.py")) if "migrations" not in path.parts)


def name_of(path: Path) -> str:
    """Return a file's path below the root."""
    return path.relative_to(ROOT).as_posix()


def is_test(path: Path) -> bool:
    """Tell whether a file belongs to the tests."""
    return "tests" in path.parts


class TestModels:
    def test_foreign_keys_point_downwards(self):
        """A string foreign key makes no import edge, so the import contract can't see it."""
        upward = [
            f"{field} -> {field.related_model._meta.label}"
            for field in _foreign_keys()
            if LAYERS.index(field.related_model._meta.app_label) > LAYERS.index(field.model._meta.app_label)
        ]
        assert upward == []

    def test_foreign_keys_across_apps_leave_no_way_back(self):
        with_a_way_back = [
            str(field)
            for field in _foreign_keys()
            if field.related_model._meta.app_label != field.model._meta.app_label
            and not (field.remote_field.related_name or "").endswith("+")
        ]
        assert with_a_way_back == []

    def test_money_is_whole(self):
        fractions = [
            str(field)
            for model in _own_models()
            for field in model._meta.get_fields()
            if isinstance(field, models.FloatField | models.DecimalField)
        ]
        assert fractions == []

    def test_constraints_and_indexes_are_named_after_their_app(self):
        foreign = [
            item.name
            for model in _own_models()
            for item in (*model._meta.constraints, *model._meta.indexes)
            if not item.name.startswith(model._meta.app_label)
        ]
        assert foreign == []

    def test_no_model_orders_by_default(self):
        # treebeard's tree needs its path.
        ordered = [
            m._meta.label for m in _own_models() if m._meta.ordering and m._meta.label != "products.Category"
        ]
        assert ordered == []

    def test_no_model_overrides_save(self):
        overriding = [m._meta.label for m in _own_models() if "save" in m.__dict__ or "delete" in m.__dict__]
        assert overriding == []


class TestSources:
    def test_only_services_and_models_write(self):
        writing = [
            f"{name_of(path)}:{line} .{call}()"
            for path in sources(*FOLDERS)
            if not _may_write(path)
            for line, call in _writes(ast.parse(path.read_text()))
        ]
        assert writing == []

    def test_no_file_is_too_long(self):
        files = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard", "*.py"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        long = {
            name: lines
            for name in files
            if "/migrations/" not in name
            and (ROOT / name).exists()
            and (lines := len((ROOT / name).read_text().splitlines())) > MOST_LINES
        }
        assert long == {}

    def test_only_the_gateway_knows_stripe_and_only_events_know_kafka(self):
        homes = {"stripe": r"payments/(gateway|stripe_client)\.py", "kafka": r"shop/events/"}
        strangers = [
            f"{name_of(path)} imports {library}"
            for path in sources(*FOLDERS)
            if not is_test(path)
            for library in _imports(ast.parse(path.read_text())) & set(homes)
            if not re.match(homes[library], name_of(path))
        ]
        assert strangers == []

    def test_the_domain_reads_no_clock(self):
        reading = [
            name_of(path)
            for path in sources(*DOMAINS)
            if re.search(r"/(services|selectors)(\.py|/)", name_of(path))
            and not is_test(path)
            and re.search(r"\btimezone\.now\(\)|\btime\.time\(\)", path.read_text())
        ]
        assert reading == []

    def test_the_project_package_is_empty(self):
        assert (ROOT / "shop" / "__init__.py").read_text() == ""


class TestRegistries:
    def test_error_codes_are_named_and_explained(self):
        for code, error in DomainError.registry.items():
            assert re.fullmatch(r"[a-z]+(_[a-z]+)*", code), code
            for name in ("kind", "title", "message", "remedy"):
                assert getattr(error, name), f"{code} has no {name}"

    def test_an_event_is_announced_by_the_app_in_its_name(self):
        strangers = [
            f"{kind.__module__}: {name}"
            for name, kind in Event.registry.items()
            if not kind.__module__.startswith(f"{name.partition('.')[0]}.events")
            and ".tests." not in kind.__module__
        ]
        assert strangers == []

    def test_a_handler_hears_what_somebody_announces(self):
        unknown = [
            (group, name)
            for group, types in registry.handlers.items()
            for name in types
            if name not in Event.registry and name.partition(".")[0] in LAYERS
        ]
        assert unknown == []

    def test_a_group_is_named_after_an_app(self):
        assert {
            group for group in registry.handlers if group not in LAYERS and not group.startswith("test")
        } == set()

    def test_the_shop_sells_in_known_currencies(self):
        assert all(is_currency(code) for code in (settings.BASE_CURRENCY, *settings.CURRENCIES))


def test_psycopg_3_is_not_installed():
    """Django would silently prefer it over psycopg2."""
    assert {dist.name for dist in distributions()} & {"psycopg", "psycopg-binary", "psycopg-c"} == set()


def _own_models() -> list[type[models.Model]]:
    return [m for m in apps.get_models() if m._meta.app_label in LAYERS and ".tests." not in m.__module__]


def _foreign_keys() -> Iterator[Any]:
    for model in _own_models():
        for field in model._meta.get_fields():
            other: Any = field.related_model
            if field.is_relation and field.concrete and other._meta.app_label in LAYERS:
                yield field


def _may_write(path: Path) -> bool:
    name = name_of(path)
    return (
        is_test(path)
        or bool(re.search(r"/(services|models|(\w+_)?admin)(\.py|/)|/tests/|/management/", name))
        or any(name.startswith(home) for home in WRITERS)
    )


def _writes(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield writing calls on managers and querysets, and saves."""
    for node in ast.walk(tree):
        if not (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITES
        ):
            continue
        on = {part.attr for part in ast.walk(node.func.value) if isinstance(part, ast.Attribute)}
        if on & {"objects", "_default_manager"} or (node.func.attr == "save" and not node.args):
            yield node.lineno, node.func.attr


def _imports(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found
