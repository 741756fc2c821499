"""Cells of files that a spreadsheet opens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.core import cells

pytestmark = pytest.mark.once

_TEXTS = st.text(alphabet=st.sampled_from("ab '=+-@\t\r\n,\"|>\\é"), max_size=12)


class TestFormulas:
    @given(_TEXTS)
    def test_what_is_written_is_read(self, text: str):
        assert cells.unguarded(cells.guarded(text)) == text

    @given(_TEXTS)
    def test_nothing_written_is_a_formula(self, text: str):
        assert cells.guarded(text)[:1] not in ("=", "+", "-", "@", "\t", "\r")

    def test_other_texts_stay_as_they_are(self):
        assert [cells.guarded(text) for text in ("", "'tis", "1-2")] == ["", "'tis", "1-2"]
        assert cells.unguarded("'tis") == "'tis"


def test_values_are_written_plainly():
    noon = datetime(2026, 11, 23, 13, tzinfo=timezone(timedelta(hours=1)))
    values = [None, True, False, -5, noon, noon.astimezone(UTC), "=1+1", "-5"]

    assert cells.csv_text([[cells.cell(value) for value in values]]) == (
        ",true,false,-5,2026-11-23T12:00:00Z,2026-11-23T12:00:00Z,'=1+1,'-5\r\n"
    )
