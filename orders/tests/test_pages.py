"""The page behind the link of a guest's order, in the order's language."""

from __future__ import annotations

import ast
import re
from gettext import GNUTranslations
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.test import Client
from django.utils.translation.template import templatize

from orders import pages, shapes
from orders.models import Order
from orders.tests.backs import approve, ask
from orders.tests.factories import paid, place
from orders.tests.parcels import deliver, ship
from orders.tests.shopping import token_of
from products.tests.factories import variant
from shop.core import formats

pytestmark = pytest.mark.django_db

FOLDER = Path(pages.__file__).parent


def page_of(order, accepted: str = "en", **query):
    token = token_of(order)["X-Order-Token"]
    return Client(headers={"accept-language": accepted}).get(
        f"/account/orders/{order.pk}/", {"token": token, **query}
    )


@pytest.mark.parametrize(
    ("language", "says"),
    [
        ("en", ("Order {number}", "We have your order.", "placed", "Total", "What has happened")),
        ("de", ("Bestellung {number}", "Ihre Bestellung ist bei uns eingegangen.", "Gesamtbetrag", "Stand")),
    ],
)
def test_speaks_the_language_of_the_order(language, says):
    order = place()
    Order.objects.filter(pk=order.pk).update(language=language)

    page = page_of(order, accepted="de" if language == "en" else "en")

    text = page.content.decode()
    assert f'<html lang="{language}">' in text
    assert page.headers["Content-Language"] == language
    for words in says:
        assert words.format(number=order.number) in text
    shown = formats.Writer(language).minor(order.total, order.currency)
    assert shown in text


@pytest.mark.parametrize(("accepted", "language"), [("de-CH", "de"), ("en", "en"), ("fr", "en")])
def test_speaks_the_browsers_language_where_there_is_no_order(accepted, language):
    page = page_of(place(), accepted, token="x")

    assert page.status_code == 404
    assert f'<html lang="{language}">' in page.content.decode()
    assert page.headers["Content-Language"] == language
    assert "Accept-Language" in page.headers["Vary"]


def test_every_stage_has_words():
    stages = {stage for stage, _ in shapes.STEPS.values()}

    assert stages <= set(pages._STAGES)


class TestCatalogues:
    @pytest.mark.parametrize("language", ["en", "de"])
    def test_are_compiled_as_they_are_written(self, language):
        folder = FOLDER / "locale" / language / "LC_MESSAGES"
        with (folder / "django.po").open("rb") as source, (folder / "django.mo").open("rb") as compiled:
            written, found = read_po(source, locale=language), GNUTranslations(compiled)

        for message in written:
            if message.id:
                key = str(message.id)
                said = found.pgettext(message.context, key) if message.context else found.gettext(key)
                assert said == (message.string or message.id)

    def test_german_says_everything(self):
        with (FOLDER / "locale/de/LC_MESSAGES/django.po").open("rb") as source:
            catalogue = read_po(source, locale="de")

        said = {message.id for message in catalogue if message.id and message.string}
        assert said == _used()


def _used() -> set[str]:
    template = FOLDER / "templates/orders/order.html"
    sources = [templatize(template.read_text(), origin=str(template))]
    sources += [
        (FOLDER / name).read_text()
        for name in ("pages.py", "shapes.py", "selectors/timeline.py", "packing_slip.py")
    ]
    text = r"""u?('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
    named = rf"(?<![\w.])(?:pgettext(?:_lazy)?\({text}, {text}|_\({text})\)"
    found = (match for source in sources for match in re.finditer(named, source))
    return {ast.literal_eval(match[2] or match[3]) for match in found}


def test_shows_parcels_where_they_are_and_what_came_of_a_return():
    order = paid(variant(), variant(), quantity=2)
    order.lines.filter(position=0).update(name="Lamp <b>")
    first = ship(order, [2, 0])
    ship(order, [0, 2], carrier="Our van", tracking_number="")
    deliver(order, first)
    approve(ask(order, [1, 0]))
    Order.objects.filter(pk=order.pk).update(refunded_total=500)

    text = page_of(order).content.decode()

    assert (
        '<a href="https://www.dhl.de/de/privatkunden/pakete-empfangen/verfolgen.html?piececode=00%2034%2F1"'
        in text
    )
    assert "2 × Lamp &lt;b&gt;<br>" in text
    assert re.search(r"Our van\s+<small>sent ", text)
    assert "<small>delivered " in text
    assert "You can send it back." in text
    assert "<td>Refunded</td><td>€5.00</td>" in text
