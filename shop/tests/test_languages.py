"""Which language somebody gets, and how a shop names those that it has."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from shop import env
from shop.core.languages import nearest, preferred, with_catalogues

pytestmark = pytest.mark.once
ROOT = Path(__file__).resolve().parents[2]
OFFERED = ["en", "de", "pt-br", "zh-hant"]


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("DE-at", "de"),
        ("fr, de;q=0.5, en;q=0.9", "en"),
        ("fr, en;q=0.2, de;q=0.4", "de"),
        ("de;q=0, fr", "en"),
        ("fr, *;q=0.1", "en"),
        ("pt", "pt-br"),
        ("pt-PT,de;q=0.9", "pt-br"),
        ("zh-Hant-TW", "zh-hant"),
        ("tlh", "en"),
        ("de;q=high", "en"),
        (";;,,=", "en"),
        ("\x00", "en"),
        ("de," * 5000, "de"),
        ("x" * 5000, "en"),
    ],
)
def test_the_best_of_what_a_header_asks_for(header, language):
    assert preferred(header, OFFERED) == language


def test_the_nearest_to_a_code():
    codes = ["de_AT", "en", "", "d", "fr"]

    assert [nearest(code, OFFERED) for code in codes] == ["de", "en", "", "", ""]


class TestCatalogues:
    def test_make_a_language_known_by_its_own_name(self, tmp_path):
        for locale in ("de", "fr", "pt_BR", "tlh"):
            catalogue(tmp_path / "one", locale)
        catalogue(tmp_path / "two", "sv")
        # Not compiled, so nothing would be read from it.
        (tmp_path / "one" / "it" / "LC_MESSAGES").mkdir(parents=True)

        assert with_catalogues(tmp_path / "one", tmp_path / "two", tmp_path / "none") == [
            ("en", "English"),
            ("de", "Deutsch"),
            ("fr", "français"),
            ("pt-br", "Português Brasileiro"),
            ("sv", "svenska"),
            ("tlh", "tlh"),
        ]

    def test_the_shops_own_are_english_and_german(self):
        assert settings.LANGUAGES == [("en", "English"), ("de", "Deutsch")]

    def test_put_beside_the_data_a_shop_speaks_it(self, tmp_path):
        catalogue(tmp_path / "locale", "fr")
        words = "from django.utils.translation import override, pgettext; import django; django.setup()\n"
        words += "with override('fr'): print(pgettext('mail', 'Ships to'))"

        assert shell(["-c", words], tmp_path) == "Lieferung an\n"
        assert "no issues" in shell(["manage.py", "check"], tmp_path)


def catalogue(folder: Path, locale: str) -> None:
    """Add a language, in which German words stand."""
    written = folder / locale / "LC_MESSAGES"
    written.mkdir(parents=True)
    shutil.copy(ROOT / "notifications" / "locale" / "de" / "LC_MESSAGES" / "django.mo", written)


def shell(command: list[str], folder: Path) -> str:
    """Run Python in a French shop."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "SHOP_DATA": str(folder),
            "SHOP_LANGUAGE": "fr",
            "DJANGO_SETTINGS_MODULE": "shop.settings",
        },
        capture_output=True,
        text=True,
        timeout=110,
        check=True,
    ).stdout


class TestSetting:
    @pytest.mark.parametrize(
        ("said", "own", "languages"),
        [
            (None, "en", ["en", "de"]),
            ("de,fr", "en", ["en", "de", "fr"]),
            ("en, pt-BR ,en", "de", ["de", "en", "pt-br"]),
        ],
    )
    def test_names_the_shops_own_first(self, said, own, languages, monkeypatch):
        if said is not None:
            monkeypatch.setenv("SHOP_LANGUAGES", said)

        assert env.languages("SHOP_LANGUAGES", "en,de", own=own) == languages

    @pytest.mark.parametrize("said", ["german", "d", "de_AT", "de;fr", "de-x", "zh-hant-tw-x-private"])
    def test_refuses_what_is_no_code(self, said, monkeypatch):
        monkeypatch.setenv("SHOP_LANGUAGES", said)

        with pytest.raises(ImproperlyConfigured, match=r"SHOP_LANGUAGES: .* is no code of a language"):
            env.languages("SHOP_LANGUAGES", "en,de", own="en")
