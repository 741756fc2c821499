"""The shop's logo on its documents."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image
from pypdf import PdfReader

from payments.checks import logo_can_be_shown
from payments.documents import receipt_html, receipt_pdf
from payments.tests.test_documents import a_receipt, text_of

pytestmark = pytest.mark.once


@pytest.fixture
def logo(tmp_path, settings):
    path = tmp_path / "logo.png"
    Image.new("RGB", (60, 16), "green").save(path)
    settings.SHOP_LOGO = str(path)
    return path


def test_stands_where_the_name_would(logo):
    page, pdf = receipt_html(a_receipt()), receipt_pdf(a_receipt())

    assert '<img src="data:image/png;base64,' in page
    assert 'alt="Fern &amp; Oak"' in page
    assert len(PdfReader(BytesIO(pdf)).pages[0].images) == 1
    assert pdf == receipt_pdf(a_receipt())
    assert logo_can_be_shown() == []


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("logo.svg", b"<svg/>", "PNG or a JPEG"),
        ("none.png", None, "no such file"),
        ("big.png", b"x" * 600_000, "512 KiB"),
    ],
)
def test_that_can_not_be_shown_stops_the_start(settings, tmp_path, name, content, words):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    settings.SHOP_LOGO = str(path)

    (found,) = logo_can_be_shown()

    assert words in found.msg
    assert "Fern & Oak" in text_of(receipt_pdf(a_receipt()))
