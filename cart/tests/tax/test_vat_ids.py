"""VAT ids: one of each state, as people write them, and what can't be one."""

from __future__ import annotations

import pytest

from cart.tax.territory import EU_STATES
from cart.tax.vat_ids import normalised, state_of
from shop.core.errors import ValidationFailed

pytestmark = pytest.mark.once

VALID = {
    "AT": "ATU13585627", "BE": "BE0428759497", "BG": "BG175074752", "CY": "CY10259033P", "CZ": "CZ25123891",
    "DE": "DE136695976", "DK": "DK13585628", "EE": "EE100931558", "ES": "ESB58378431", "FI": "FI20774740",
    "FR": "FR40303265045", "GR": "EL094259216", "HR": "HR33392005961", "HU": "HU12892312", "IE": "IE6433435F",
    "IT": "IT00743110157", "LT": "LT119511515", "LU": "LU15027442", "LV": "LV40003521600", "MT": "MT11679112",
    "NL": "NL004495445B01", "PL": "PL8567346215", "PT": "PT501964843", "RO": "RO18547290", "SE": "SE123456789701",
    "SI": "SI50223054", "SK": "SK2022749619",
}  # fmt: skip


def refusal(text: str) -> str:
    with pytest.raises(ValidationFailed) as refused:
        normalised(text)
    (error,) = refused.value.errors
    assert (error.field, error.code) == ("vat_id", "invalid")
    return error.detail


class TestValid:
    def test_there_is_one_of_each_state(self):
        assert set(VALID) == EU_STATES

    @pytest.mark.parametrize(("state", "vat_id"), VALID.items())
    def test_stays_as_it_is_and_tells_its_state(self, state, vat_id):
        assert (normalised(vat_id), state_of(vat_id)) == (vat_id, state)

    @pytest.mark.parametrize(
        ("written", "kept"),
        [
            ("de 136 695 976", "DE136695976"),
            (" DE136.695.976 ", "DE136695976"),
            ("DE136-695/976", "DE136695976"),
            ("ＤＥ１３６６９５９７６", "DE136695976"),
            ("GR094259216", "EL094259216"),
            ("gr 94259216", "EL094259216"),
            ("el 094259216", "EL094259216"),
            ("NL4495445B01", "NL004495445B01"),
            ("be 428.759.497", "BE0428759497"),
            ("atu 13585627", "ATU13585627"),
            ("", ""),
            ("  ", ""),
        ],
    )
    def test_is_read_as_people_write_it(self, written, kept):
        assert normalised(written) == kept


class TestInvalid:
    @pytest.mark.parametrize(
        "vat_id",
        [
            "DE136695978", "ATU13585626", "BE0428759498", "FR84323140391", "EL123456781", "IT00743110158",
            "ESA79082245", "PL8567346216", "PT501964842", "DK13585627", "FI20774741", "NL004495446B01",
        ],
    )  # fmt: skip
    def test_digits_that_do_not_check_out(self, vat_id):
        assert "check out" in refusal(vat_id)

    @pytest.mark.parametrize("vat_id", ["DE12345678", "ATX13585627", "FR123", "NL004495445", "DE"])
    def test_another_form(self, vat_id):
        assert refusal(vat_id) == f"VAT ids that begin with {vat_id[:2]} are written differently."

    @pytest.mark.parametrize(
        "vat_id",
        # Of no state, of Switzerland, Britain, Northern Ireland and of the one-stop shop; nothing at all.
        [
            "136695976",
            "CHE107787577",
            "GB980780684",
            "XI432525179",
            "EU372022452",
            "IM3720000224",
            "ZZ1",
            "-",
            "D",
        ],
    )
    def test_of_no_eu_state(self, vat_id):
        assert refusal(vat_id).startswith("A VAT id begins with the two letters")
        assert state_of(vat_id) == ""

    @pytest.mark.parametrize("vat_id", ["DE136695978", "\x00", "DE١٣٦٦٩٥٩٧٦"])
    def test_is_of_no_state(self, vat_id):
        assert state_of(vat_id) == ""
