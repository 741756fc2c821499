"""What staff may write as HTML, and what is taken out of it before it is stored."""

from __future__ import annotations

from typing import Any

import pytest

from products import services
from products.html import plain_text, safe_html
from products.models import Category, Product, ProductText
from products.tests.factories import NOW, product

pytestmark = pytest.mark.once

REL = 'rel="noopener noreferrer"'
ATTACKS = [
    ("<script>alert(1)</script>Oak", "Oak"),
    ("<SCRIPT SRC=//evil.example/x.js></SCRIPT>Oak", "Oak"),
    ("<p onclick=alert(1) style='position:fixed' id=x class=y>Oak</p>", "<p>Oak</p>"),
    ("<img src=x onerror=alert(1)>", '<img src="x">'),
    ("<svg/onload=alert(1)>", ""),
    ("<a href='javascript:alert(1)'>Oak</a>", f"<a {REL}>Oak</a>"),
    ("<a href='&#106;avascript:alert(1)'>Oak</a>", f"<a {REL}>Oak</a>"),
    ("<a href='java\nscript:alert(1)'>Oak</a>", f"<a {REL}>Oak</a>"),
    ("<img src='data:image/svg+xml;base64,PHN2Zz4='>", "<img>"),
    ("<iframe src=https://evil.example></iframe>Oak", "Oak"),
    ("<form action=https://evil.example><input name=card><button>Pay</button></form>", "Pay"),
    ("<meta http-equiv=refresh content='0;url=//evil.example'><base href=//evil.example>Oak", "Oak"),
    ("<link rel=stylesheet href=//evil.example><style>*{display:none}</style>Oak", "Oak"),
    ("<object data=x></object><embed src=x>Oak", "Oak"),
    ("<!--[if IE]><script>alert(1)</script><![endif]-->Oak", "Oak"),
    ("<scr<script>ipt>alert(1)</script>", "ipt&gt;alert(1)"),
    ("<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>", ""),
    ("<noscript><p title='</noscript><img src=x onerror=alert(1)>'>", "&lt;p title='<img src=\"x\">'&gt;"),
    ("<b>Oak", "<b>Oak</b>"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "kept"), ATTACKS)
def test_keeps_nothing_that_runs(written, kept):
    cleaned = safe_html(written)

    assert cleaned == kept
    assert safe_html(cleaned) == cleaned


@pytest.mark.parametrize(
    "text",
    [
        "Warm & cosy, 3 > 2.\nTwo lines",
        "&lt;script&gt; is a word here",
        '<h2>Oak</h2><p>From <a href="https://fern.example" rel="noopener noreferrer">Fern</a>.<br>Solid</p>',
        '<table><tbody><tr><td colspan="2">10 cm</td></tr></tbody></table><ol start="2"><li>One</li></ol>',
        '<img src="https://cdn.example/a.jpg" alt="A lamp" width="8">',
    ],
)
def test_keeps_what_describes_goods(text):
    assert safe_html(text) == text


def test_the_words_of_a_text():
    html = "<h2>Oak&nbsp;lamp</h2><p>Warm <b>lig</b>ht,\n<br>5 &lt; 6<ul><li>a</li><li>b</li></ul>"

    assert plain_text(html) == "Oak lamp Warm light, 5 < 6 a b"
    assert plain_text(html, most=19) == "Oak lamp Warm…"
    assert plain_text("x" * 30, most=10) == "xxxxxxxxx…"


@pytest.mark.django_db
def test_every_way_of_writing_cleans():
    bad, good = "<p onclick=x>Oak</p>", "<p>Oak</p>"
    who: dict[str, Any] = {"actor_id": None, "now": NOW}
    made, changed = product(description=bad), product()

    services.update_product(product_id=changed.pk, description=bad, **who)
    services.write_product_text(product_id=made.pk, language="de", said={"description": bad}, **who)
    services.create_category(name="Oak", description=bad)
    services.update_category(ref="lamps", description=bad, **who)
    services.write_category_text(slug="oak", language="de", said={"description": bad}, **who)

    assert list(Product.objects.values_list("description", flat=True)) == [good, good]
    assert list(ProductText.objects.values_list("description", flat=True)) == [good]
    found = Category.objects.values_list("description", "texts__description").order_by("pk")
    assert list(found) == [(good, None), (good, good)]
