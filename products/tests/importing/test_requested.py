"""Files that staff hand in by the admin, and the job that imports them."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from products import services
from products.importing import requested
from products.jobs import forget_old_imports
from products.models import CatalogueImport, Product
from products.services import imports
from products.tests.factories import NOW
from shop.audit.models import AuditEntry
from users.tests.factories import StaffFactory, SuperuserFactory
from users.tests.races import together

FILE = "handle,name,category,price\nlamp,Lamp,Lamps,19.90\nchair,<b>Chair</b>,Chairs,cheap\n"


@pytest.fixture(autouse=True)
def media(tmp_path, settings) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


def stored(media: Path) -> list[str]:
    return [path.name for path in media.rglob("*") if path.is_file()]


def ask(content: str = FILE, **values: Any) -> CatalogueImport:
    usual: dict[str, Any] = {
        "name": "a.csv",
        "format": "shop",
        "dry_run": False,
        "actor_id": None,
        "now": NOW,
    }
    return services.request_import(upload=io.BytesIO(content.encode()), **usual | values)


def counts(row: CatalogueImport) -> tuple[Any, ...]:
    row.refresh_from_db()
    return (row.state, row.rows_done, row.created, row.updated, row.unchanged, row.failed)


@pytest.mark.django_db
class TestJob:
    def test_what_ended_long_ago_is_forgotten_a_part_at_once(self, monkeypatch):
        old, new, waiting = ask(), ask(now=NOW + timedelta(days=1)), ask()
        for row, days in ((old, 0), (new, 1)):
            ended = NOW + timedelta(days=days)
            CatalogueImport.objects.filter(pk=row.pk).update(state="done", finished_at=ended)
        kept = NOW + imports.KEPT_FOR

        assert forget_old_imports(kept) == 0
        assert forget_old_imports(kept + timedelta(seconds=1)) == 1
        assert list(CatalogueImport.objects.order_by("pk")) == [new, waiting]

        CatalogueImport.objects.filter(pk=waiting.pk).update(state="failed", finished_at=NOW)
        monkeypatch.setattr(imports, "_FORGOTTEN_AT_ONCE", 1)
        later = kept + timedelta(days=2)
        assert [forget_old_imports(later) for _ in range(3)] == [1, 1, 0]

    def test_imports_what_has_waited_longest(self, media):
        first, second = ask(), ask(dry_run=True)
        assert [requested.run_next(now=NOW) for _ in range(3)] == [1, 1, 0]

        assert counts(first) == ("done", 2, 1, 0, 0, 1)
        assert first.errors == [{"line": 3, "column": "price", "reason": "Write an amount like 19.90."}]
        assert counts(second) == ("done", 2, 0, 0, 1, 1)
        assert (first.file, stored(media)) == ("", [])
        assert Product.objects.get().slug == "lamp"

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            ("Handle,Title,Variant Price\n", "This looks like a file of Shopify: name the format shopify."),
            (None, "The file can't be read: hand it in again."),
        ],
    )
    def test_says_why_a_file_failed(self, media, content, reason):
        row = ask(content or FILE)
        if content is None:
            (media / row.file).unlink()

        requested.run_next(now=NOW)

        assert counts(row) == ("failed", 0, 0, 0, 0, 0)
        assert row.errors == [{"line": 0, "column": "", "reason": reason}]
        assert stored(media) == []

    def test_a_bug_is_told_and_does_not_come_again(self, media, monkeypatch):
        row = ask()
        monkeypatch.setattr(requested, "run_import", lambda *args, **values: 1 / 0)

        with pytest.raises(ZeroDivisionError):
            requested.run_next(now=NOW)

        assert counts(row)[0] == "failed"
        assert row.errors[0]["reason"] == "Something went wrong in the shop: its log says what."
        assert requested.run_next(now=NOW) == 0
        assert stored(media) == []

    def test_gives_up_what_its_worker_has_left(self, media):
        row = ask()
        assert services.claim_import(now=NOW)
        almost = NOW + services.LOST_AFTER - timedelta(seconds=1)
        assert requested.run_next(now=almost) == 0
        assert counts(row)[0] == "running"
        services.keep_import(import_id=row.pk, counts={"rows_done": 1}, now=almost)
        assert requested.run_next(now=NOW + services.LOST_AFTER) == 0
        assert counts(row) == ("running", 1, 0, 0, 0, 0)

        assert requested.run_next(now=almost + services.LOST_AFTER) == 0

        assert counts(row) == ("failed", 1, 0, 0, 0, 0)
        assert row.errors[0]["reason"].startswith("The worker stopped on the way.")
        assert stored(media) == []
        # It was only slow: what it still says isn't heard.
        assert not services.keep_import(import_id=row.pk, counts={"rows_done": 2}, now=NOW)

    def test_stops_when_it_has_been_given_up(self, media, monkeypatch):
        row = ask()
        monkeypatch.setattr(services, "keep_import", lambda **values: False)
        assert requested.run_next(now=NOW) == 0
        assert (stored(media), row.pk) == ([], CatalogueImport.objects.get().pk)


@pytest.mark.django_db
class TestPages:
    def send(self, client: Client, content: bytes = FILE.encode(), **values: Any) -> Any:
        file = SimpleUploadedFile("products.csv", content, "text/csv")
        return client.post(
            reverse("admin:products_catalogueimport_add"), {"file": file, "format": "", **values}
        )

    def test_a_file_waits_for_the_worker_and_its_page_tells_the_rest(self, client, media):
        staff = SuperuserFactory()
        client.force_login(staff)
        assert client.get(reverse("admin:products_catalogueimport_add")).status_code == 200

        answer = self.send(client, dry_run="on")

        assert (answer.status_code, answer["Location"]) == (
            302,
            reverse("admin:products_catalogueimport_changelist"),
        )
        row = CatalogueImport.objects.get()
        assert (row.state, row.format, row.name, row.dry_run, row.actor_id) == (
            "waiting", "shop", "products.csv", True, staff.pk,
        )  # fmt: skip
        assert (media / row.file).read_text() == FILE
        assert AuditEntry.objects.filter(action="products.import_requested").count() == 1
        assert b"products.csv" in client.get(answer["Location"]).content
        requested.run_next(now=NOW)
        page = client.get(reverse("admin:products_catalogueimport_change", args=(row.pk,))).content.decode()
        assert (
            '<td class="pr-4">3</td><td class="pr-4">price</td><td>Write an amount like 19.90.</td>' in page
        )

    def test_what_a_file_says_is_text(self, client):
        client.force_login(SuperuserFactory())
        row = ask("handle,name,category,price,<script>alert(1)</script>\n")
        requested.run_next(now=NOW)
        page = client.get(reverse("admin:products_catalogueimport_change", args=(row.pk,))).content.decode()
        assert "<script>alert(1)" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page

    @pytest.mark.parametrize(
        ("content", "values", "reason"),
        [
            (b"PK\x03\x04" + b"x" * 99, {}, "This is a spreadsheet or an archive."),
            (b"name,mail\n", {}, "The headings are of no file of products"),
            (FILE.encode(), {"format": "shopify"}, "name the format shop."),
            (FILE.encode(), {"format": "excel"}, "Select a valid choice."),
            (b"", {}, "The submitted file is empty."),
        ],
    )
    def test_refuses_what_is_no_file_of_products(self, client, media, content, values, reason):
        client.force_login(SuperuserFactory())
        answer = self.send(client, content, **values)
        assert (answer.status_code, reason in answer.content.decode()) == (200, True)
        assert (CatalogueImport.objects.count(), stored(media)) == (0, [])

    def test_refuses_what_is_too_large_before_it_is_read(self, client, media, monkeypatch):
        client.force_login(SuperuserFactory())
        monkeypatch.setattr("products.admin.imports.MOST_BYTES", 1000)
        assert self.send(client, FILE.encode() + b"x" * 70_000).status_code == 413
        dropped = self.send(client, FILE.encode() + b"x" * 2000)
        assert "products.csv: A file may have" in dropped.content.decode()
        assert (CatalogueImport.objects.count(), stored(media)) == (0, [])

    def test_needs_the_permission_and_the_form_s_token(self, media):
        staff, client = StaffFactory(permissions=["products.view_catalogueimport"]), Client()
        client.force_login(staff)
        assert self.send(client).status_code == 403
        assert client.get(reverse("admin:products_catalogueimport_changelist")).status_code == 200
        checked = Client(enforce_csrf_checks=True)
        checked.force_login(SuperuserFactory())
        assert self.send(checked).status_code == 403
        assert (CatalogueImport.objects.count(), stored(media)) == (0, [])

    def test_is_a_button_of_the_products(self, client):
        client.force_login(SuperuserFactory())
        page = client.get(reverse("admin:products_product_changelist")).content.decode()
        assert reverse("admin:products_product_import_products") in page
        answer = client.get(reverse("admin:products_product_import_products"))
        assert answer["Location"] == reverse("admin:products_catalogueimport_add")


@pytest.mark.needs_postgres
@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_two_workers_never_have_the_same_file(self):
        for _ in range(5):
            row = ask()
            claimed = together(4, lambda _: services.claim_import(now=NOW))
            assert [one.pk for one in claimed if one is not None] == [row.pk]

    def test_looking_first_and_taking_then_would_let_both_have_it(self, monkeypatch):
        """The control: without the guard in the statement, the race above finds two who have it."""

        def careless(import_id: int, before: str, **changes: Any) -> bool:
            return CatalogueImport.objects.filter(pk=import_id).update(**changes) == 1

        monkeypatch.setattr(imports, "_running", careless)
        for _ in range(20):
            CatalogueImport.objects.all().delete()
            ask()
            if sum(one is not None for one in together(4, lambda _: services.claim_import(now=NOW))) > 1:
                return
        pytest.fail("The race wasn't met.")
