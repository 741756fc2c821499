"""Words as search compares them, and slips of the keyboard."""

from __future__ import annotations

import pytest
import snowballstemmer
from django.db import connection
from hypothesis import example, given
from hypothesis import strategies as st

from products.search.entries import Said, entry_of
from products.search.question import Word
from products.search.spelling import alike, nearest, slips
from products.search.stopwords import says_nothing
from products.search.terms import fts5, tsquery
from products.search.words import joined, plain, stem, words_in

once = pytest.mark.once


@once
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Crème  BRÛLÉE,\tStraße!", [("creme",), ("brulee",), ("strasse",)]),
        ("Łódź smørrebrød Ærø þak", [("lodz",), ("smorrebrod",), ("aero",), ("thak",)]),
        ("T-Shirt d’été AB_12/x", [("t", "shirt"), ("d", "ete"), ("ab", "12", "x")]),
        ("Auf\u00adlage ﬁne ② ½ 40W", [("auflage",), ("fine",), ("2",), ("1", "2"), ("40w",)]),
        # Vowels of Indic scripts are no accents; syllables of Hangul stay whole; vowels of Hebrew may be left out.
        ("हिन्दी 한국어 שָׁלוֹם 灯", [("हिन्दी",), ("한국어",), ("שלום",), ("灯",)]),
        ("🌿 \x00 -- ❤\ufe0f \u200d", []),
        ("x" * 70, [("x" * 60,)]),
    ],
)
def test_words_are_made_plain(text, words):
    assert words_in(text) == words
    assert {joined(parts) for parts in words} == {"".join(parts) for parts in words}


@once
@given(st.text())
@example("ŉ \u0345α ẞ ᾳ İ")
def test_plain_words_stay_as_they_are(text):
    """What has been made plain is written into both databases' queries between quotes."""
    words = words_in(text)

    assert words_in(" ".join("-".join(parts) for parts in words)) == words
    assert plain(plain(text)) == plain(text)
    assert not set("'\"\\:*()&|!^+{} \x00") & set("".join(part for parts in words for part in parts))


@once
def test_every_language_has_its_stemmer(settings):
    assert set(settings.SEARCH_LANGUAGES) - set(snowballstemmer.algorithms()) == {"none"}


@once
def test_stems_and_words_that_say_nothing(settings):
    assert (stem("lamps"), stem("40ws"), says_nothing("the", "english")) == ("lamp", "40ws", True)
    settings.SEARCH_LANGUAGE = "german"
    assert (stem("lampen"), says_nothing("the", "german"), says_nothing("der", "none")) == (
        "lamp",
        False,
        False,
    )


@once
@pytest.mark.parametrize(
    ("one", "other", "far"),
    [
        ("lamp", "lamp", 0), ("lapm", "lamp", 1), ("lamb", "lamp", 1), ("lam", "lamp", 1), ("llamp", "lamp", 1),
        ("kofee", "coffee", 2), ("", "ab", 2), ("abcd", "wxyz", 4),
    ],
)  # fmt: skip
def test_slips_are_counted(one, other, far):
    assert slips(one, other) == slips(other, one) == far


@once
def test_the_nearest_words_are_meant():
    assert nearest("lapm", ["lamp", "lamps", "lap", "map"]) == ("lap", "lamp")
    assert nearest("chiar", ["chair", "chain", "choir", "hair"]) == ("chair",)
    assert nearest("tabel", [f"tabe{letter}" for letter in "abcd"]) == ("tabea", "tabeb", "tabec")
    assert nearest("lapm", ["coffee"]) == ()


@pytest.mark.needs_postgres
@pytest.mark.django_db
@given(st.text("abcdefé", min_size=1, max_size=8), st.text("abcdefé", min_size=1, max_size=8))
def test_words_are_as_alike_as_postgres_has_them(one, other):
    with connection.cursor() as cursor:
        cursor.execute("SELECT similarity(%s, %s)", [one, other])
        assert cursor.fetchone()[0] == pytest.approx(alike(one, other))


@once
def test_an_entry_has_its_words_by_where_they_stand():
    said = Said(
        product_id=7,
        names=["Oak lamps", "!", "Eiche"],
        keywords=["Fern"],
        skus=["L-1"],
        descriptions=["<b>Oak</b> bed"],
    )

    entry = entry_of(said)

    assert entry.called == "| oak lamps | eiche |"
    assert entry.name == "| oak lamps | eiche | oak lamps lamp eiche eich"
    assert entry.keywords == "#l1 fern l 1 l1"
    assert entry.body == "oak bed"
    assert set(entry.vector.split()) == {
        "'oak':1A", "'lamps':1A", "'lamp':1A", "'eiche':1A", "'eich':1A", "'fern':1B", "'l':1B", "'1':1B", "'l1':1B",
        "'bed':1", "'=oak':1", "'=lamps':1", "'=lamp':1", "'=eiche':1", "'=eich':1", "'#l1':1",
    }  # fmt: skip


@once
def test_a_description_is_read_up_to_5000_characters():
    entry = entry_of(Said(product_id=1, names=[""], descriptions=["ab " * 1666 + "cd" + " ef"]))

    assert entry.body == "ab cd"


@once
def test_each_database_gets_the_same_question():
    node = Word(("t", "lamps"), meant=("bed",)).begun()

    assert tsquery(node, weights="A") == "(('t':A & ('lamps':*A | 'lamp':A)) | 'tlamps':*A | 'bed':A)"
    assert tsquery(node, mark="=") == "(('=t' & ('=lamps':* | '=lamp')) | '=tlamps':* | '=bed')"
    assert fts5(node) == '(("t" AND ("lamps" * OR "lamp")) OR "tlamps" * OR "bed")'
