"""Which language somebody gets, and how a shop names those that it has."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from shop import env
from shop.core.languages import nearest, preferred

pytestmark = pytest.mark.once
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
