"""The built-in pages speak the language of whom the link is for."""

from __future__ import annotations

import ast
import re
from gettext import GNUTranslations
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.test import Client
from django.utils import timezone, translation
from django.utils.translation.template import templatize

from users import pages, selectors
from users.tests.factories import UserFactory
from users.tests.moving import asked

pytestmark = [pytest.mark.django_db, pytest.mark.once]

FOLDER = Path(pages.__file__).parent
NEW = "violet kettle on a roof"
ENGLISH = re.compile(r"\b(you|your|the)\b", re.IGNORECASE)
GERMAN = re.compile(r"\b(Sie|Ihre?n?|dieser|bestätigen|festlegen)\b")


@pytest.fixture
def browser():
    """A browser of somebody who prefers French, then English."""
    return Client(headers={"accept-language": "fr, en;q=0.5"})


def reset_path(user) -> str:
    link = selectors.reset_link_parts(user, now=timezone.now())
    return f"/account/reset/{link.uid}/{link.token}/"


def verify_path(user) -> str:
    link = selectors.verification_link_parts(user, now=timezone.now())
    return f"/account/verify/{link.uid}/{link.token}/"


def change_path(user) -> str:
    link = asked(user, now=timezone.now())
    return f"/account/email/{link.uid}/{link.token}/"


def words(page) -> str:
    """Return what a reader sees."""
    return re.sub(r"<style>.*?</style>|<[^>]+>", " ", page.content.decode(), flags=re.DOTALL)


def speaks(page, language: str) -> bool:
    shown = words(page)
    said = (bool(ENGLISH.search(shown)), bool(GERMAN.search(shown)))
    return (
        f'<html lang="{language}">' in page.content.decode()
        and page.headers["Content-Language"] == language
        and "Accept-Language" in page.headers["Vary"]
        and said == (language == "en", language == "de")
    )


@pytest.mark.parametrize("make", [reset_path, verify_path, change_path])
class TestAccount:
    @pytest.mark.parametrize("language", ["en", "de"])
    def test_decides(self, browser, make, language):
        page = browser.get(make(UserFactory(language=language)), follow=True)

        assert speaks(page, language)

    def test_whose_language_the_shop_no_longer_speaks_leaves_it_to_the_browser(self, browser, make):
        page = browser.get(make(UserFactory(language="fr")), follow=True)

        assert speaks(page, "en")


class TestBrowser:
    @pytest.mark.parametrize("path", ["reset/x/y-z/", "verify/x/y/", "email/x/y/", "reset/done/"])
    @pytest.mark.parametrize(
        ("accepted", "language"),
        [("de-AT, en;q=0.5", "de"), ("en", "en"), ("fr", "en"), ("*", "en"), ("-;q=x", "en")],
    )
    def test_decides_where_no_account_is_named(self, path, accepted, language):
        page = Client(headers={"accept-language": accepted}).get(f"/account/{path}")

        assert f'<html lang="{language}">' in page.content.decode()
        assert page.headers["Content-Language"] == language


class TestEveryState:
    def test_of_a_reset(self, browser):
        user = UserFactory(language="de")
        form = browser.get(reset_path(user), follow=True)
        address = form.request["PATH_INFO"]

        short = browser.post(address, {"new_password1": "kurz", "new_password2": "kurz"})
        done = browser.post(address, {"new_password1": NEW, "new_password2": NEW}, follow=True)
        again = browser.post(address, {"new_password1": NEW, "new_password2": NEW})

        assert "zu kurz" in words(short)
        assert "Ihr Passwort ist festgelegt" in words(done)
        assert "gilt nicht mehr" in words(again)
        assert all(speaks(page, "de") for page in (short, done, again))

    @pytest.mark.parametrize("make", [verify_path, change_path])
    def test_of_a_button(self, browser, make):
        path = make(UserFactory(language="de"))

        done, again = browser.post(path), browser.post(path)

        assert "E-Mail-Adresse" in words(done)
        assert "gilt nicht mehr" in words(again)
        assert all(speaks(page, "de") for page in (done, again))

    def test_leaves_the_language_of_the_next_request_alone(self, browser):
        browser.get(verify_path(UserFactory(language="de")))

        assert translation.get_language() == "en"


class TestCatalogues:
    @pytest.mark.parametrize("language", ["en", "de"])
    def test_are_compiled_as_they_are_written(self, language):
        folder = FOLDER / "locale" / language / "LC_MESSAGES"
        with (folder / "django.po").open("rb") as source, (folder / "django.mo").open("rb") as compiled:
            written, found = read_po(source, locale=language), GNUTranslations(compiled)

        for message in written:
            if message.id:
                said = found.pgettext(message.context or "", str(message.id))
                assert said == (message.string or message.id)

    def test_german_says_everything(self):
        with (FOLDER / "locale/de/LC_MESSAGES/django.po").open("rb") as source:
            catalogue = read_po(source, locale="de")

        said = {message.id for message in catalogue if message.id and message.string}
        used = set().union(*(sentences(path) for path in FOLDER.glob("templates/users/*.html")))
        assert len(used) > 20
        assert said == used


def sentences(template: Path) -> set[str]:
    """Return what a template has translated, as Django's own extraction finds it."""
    code = templatize(template.read_text(), origin=str(template))
    text = r"""u?('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
    return {ast.literal_eval(found[2]) for found in re.finditer(rf"pgettext\({text}, {text}\)", code)}
