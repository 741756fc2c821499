"""The codes themselves."""

from __future__ import annotations

from base64 import b32encode
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from shop.core.ids import new_id
from users import second_factor

SECRET = b32encode(b"12345678901234567890").decode()
# RFC 6238, appendix B, in its last six digits.
VECTORS = [
    (59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"),
    (2000000000, "279037"), (20000000000, "353130"),
]  # fmt: skip


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, tz=UTC)


class TestAppCodes:
    @pytest.mark.parametrize(("seconds", "code"), VECTORS)
    def test_are_those_of_the_standard(self, seconds, code):
        assert second_factor.app_code(SECRET, now=at(seconds)) == code
        assert second_factor.step_of(code, secret=SECRET, after=-1, now=at(seconds)) == seconds // 30

    @pytest.mark.parametrize(
        ("off", "step"), [(-61, None), (-30, 41152262), (0, 41152263), (30, 41152264), (61, None)]
    )
    def test_count_a_step_early_and_late(self, off, step):
        now = at(1234567905)

        code = second_factor.app_code(SECRET, now=now + timedelta(seconds=off))

        assert second_factor.step_of(code, secret=SECRET, after=-1, now=now) == step

    def test_count_once(self):
        now = at(1234567905)
        code = second_factor.app_code(SECRET, now=now)

        assert second_factor.step_of(code, secret=SECRET, after=41152262, now=now) == 41152263
        assert second_factor.step_of(code, secret=SECRET, after=41152263, now=now) is None

    @pytest.mark.parametrize("typed", ["005 924", " 005924 ", "005924\n"])
    def test_may_be_typed_with_spaces(self, typed):
        assert second_factor.step_of(typed, secret=SECRET, after=-1, now=at(1234567890)) == 41152263

    @pytest.mark.parametrize(
        "typed", ["", "5924", "0059241", "00592a", "٠٠٥٩٢٤", "-05924", "5924.0", "0x1724", "00592４"]
    )
    def test_are_six_digits(self, typed):
        assert second_factor.step_of(typed, secret=SECRET, after=-1, now=at(1234567890)) is None


class TestSecret:
    def test_is_random_and_long_enough(self):
        drawn = {second_factor.new_secret() for _ in range(100)}

        assert len(drawn) == 100
        # 32 characters of base32 are 160 bits, and no padding puts an app off.
        assert {len(secret) for secret in drawn} == {32}

    def test_is_told_to_the_app_by_an_address(self):
        told = second_factor.told_to_app(secret=SECRET, shop="Fern & Oak", email="ada+x@example.com")

        parts = urlsplit(told.address)
        assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
        assert parts.path == "/Fern%20%26%20Oak:ada%2Bx@example.com"
        assert parse_qs(parts.query) == {
            "secret": [SECRET], "issuer": ["Fern & Oak"], "algorithm": ["SHA1"], "digits": ["6"], "period": ["30"],
        }  # fmt: skip
        # Apps differ in whether they read a plus as a space.
        assert "+" not in told.address


class TestRecoveryCodes:
    def test_are_ten_of_fifty_bits(self):
        codes = second_factor.new_recovery_codes()

        assert len(set(codes)) == 10
        for code in codes:
            assert [len(part) for part in code.split("-")] == [5, 5]
            assert not set(code) & set("ilou")

    def test_may_be_typed_as_people_do(self):
        user_id = new_id()
        stored = second_factor.recovery_hash("0abc1-defgh", user_id=user_id)

        for typed in ("0ABC1-DEFGH", "0abc1defgh", " 0abc1 defgh ", "oabcl-defgh", "OABCI-DEFGH"):
            assert second_factor.recovery_hash(typed, user_id=user_id) == stored
        assert second_factor.recovery_hash("0abc1-defgh", user_id=new_id()) != stored

    @pytest.mark.parametrize(
        "typed", ["", "123456", "0abc1-defg", "0abc1-defghj", "0abc1-defgu", "0abc1_defgh"]
    )
    def test_have_a_form(self, typed):
        assert second_factor.recovery_hash(typed, user_id=new_id()) is None
