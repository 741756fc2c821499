"""Card numbers in text: found however they are written, and nothing else taken for one."""

from __future__ import annotations

from uuid import UUID

import pytest

from shop.api.logs import redact
from shop.core.card_numbers import holds_card_number, without_card_numbers

pytestmark = pytest.mark.once

CARDS = ["4242424242424242", "378282246310005", "6011000990139424", "4222222222222", "6304000000000000000"]


class TestFinding:
    @pytest.mark.parametrize("card", CARDS)
    @pytest.mark.parametrize(
        "around", ['{{"number": {}}}', '"{}"', "on 2026-11-29 {} was used", "{}", "a={}&b=1"]
    )
    def test_finds_a_number_wherever_it_stands(self, card, around):
        assert holds_card_number(around.format(card))
        assert card not in without_card_numbers(around.format(card))

    @pytest.mark.parametrize(
        "text", ["4242 4242 4242 4242", "4242-4242-4242-4242", "3782 822463 10005", "4242+4242+4242+4242"]
    )
    def test_finds_it_in_groups(self, text):
        assert without_card_numbers(f"It is {text}.") == "It is [redacted]."

    @pytest.mark.parametrize(
        "text",
        [
            "4242424242424241",
            "424242424242",
            "42424242424242424242424242",
            "0000000000000000",
            "pi_4242424242424242abc",
            "1764439904.4242424242424242",
            str(UUID("42424242-4242-4242-8242-424242424242")),
            "order 12345678-1234-4234-9234-123456789012 of 2026-11-29",
            "+49 30 901820 and 24.80",
        ],
    )
    def test_takes_nothing_else_for_one(self, text):
        assert not holds_card_number(text)
        assert without_card_numbers(text) == text

    def test_ends_soon_whatever_it_is_given(self):
        assert not holds_card_number("111 " * 30_000 + "x")


def test_logs_never_show_one():
    assert redact("Paid by 4242 4242 4242 4242 today") == "Paid by [redacted] today"
