"""``manage.py import_products``."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command

from products.models import Product

FILE = "handle,name,category,price\nlamp,Lamp,Lamps,19.90\nchair,Chair,Chairs,cheap\n" + "\n" * 2000


def call(*arguments: str) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command("import_products", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "products.csv"
    path.write_text(FILE)
    return str(path)


@pytest.mark.django_db
class TestImportProducts:
    def test_tells_what_went_in_and_what_did_not(self, file):
        assert call(file) == (
            "importing products.csv, kB: 2/2\n"
            "2 rows: 1 products created, 0 updated, 0 unchanged, 1 failed or not whole; 1 errors.\n",
            "line 3, column price: Write an amount like 19.90.\n",
        )
        assert Product.objects.get().slug == "lamp"
        assert "0 products created, 0 updated, 1 unchanged" in call(file, "--format", "shop")[0]

    def test_a_trial_changes_nothing(self, file):
        out, _ = call(file, "--dry-run", "--fetch-images")
        assert out.endswith("1 failed or not whole; 1 errors. Nothing was written.\n")
        assert not Product.objects.exists()

    def test_reads_standard_input(self, monkeypatch):
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(FILE.encode())))
        assert call("-")[0].startswith("2 rows: 1 products created")

    def test_fetches_pictures_when_asked(self, tmp_path, monkeypatch):
        path = tmp_path / "products.csv"
        path.write_text("handle,name,category,price,image_sources\nlamp,Lamp,Lamps,1,http://10.0.0.1/a.png\n")
        monkeypatch.setattr("socket.create_connection", None)
        assert "pictures" not in call(str(path))[0]

        out, err = call(str(path), "--fetch-images")

        assert out.endswith("0 pictures fetched for 1 products, 1 not.\n")
        assert err == "lamp, http://10.0.0.1/a.png: Only addresses of the public web are fetched.\n"


@pytest.mark.once
class TestUnreadable:
    @pytest.mark.parametrize(
        ("content", "arguments", "reason"),
        [
            (None, (), "No such file or directory."),
            (b"", (), "The file is empty: there are no headings of columns."),
            (b"PK\x03\x04", (), "This is a spreadsheet or an archive. Save it as CSV in UTF-8."),
            (
                FILE.encode(),
                ("--format", "shopify"),
                "This looks like a file of the shop's own format: name the format shop.",
            ),
        ],
    )
    def test_ends_with_the_reason(self, tmp_path, content, arguments, reason):
        path = tmp_path / "products.csv"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(CommandError) as refusal:
            call(str(path), *arguments)
        assert (str(refusal.value), refusal.value.returncode) == (f"{path}: {reason}", 1)
