"""What staff do with promotions and their codes: refusals, limits that are set late, batches."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from cart import selectors, services
from cart.errors import PromotionInUse
from cart.models import Coupon, Promotion
from cart.services import CodeData, PromotionData
from cart.tests.factories import coupon, promotion, used
from products.tests.factories import NOW, category, variant
from shop.audit.models import AuditEntry
from shop.core.errors import NotFound, ValidationFailed
from users.tests.factories import CustomerGroupFactory, UserFactory

pytestmark = pytest.mark.django_db

TEN = PromotionData(name="Ten", kind="percent", value=100_000, currency="EUR")
SCOPES = ("products", "categories", "groups")
SOMEBODY = uuid4()


def save(data: PromotionData, promotion_id: int | None = None) -> Promotion:
    return services.save_promotion(data=data, promotion_id=promotion_id, actor_id=SOMEBODY, now=NOW)


def refused(data: PromotionData, promotion_id: int | None = None) -> list[str]:
    """Save, expect the refusal and prove that nothing was written; return the fields it names."""
    before = (list(Promotion.objects.order_by("pk").values()), AuditEntry.objects.count())
    with pytest.raises(ValidationFailed) as refusal:
        save(data, promotion_id)
    assert (list(Promotion.objects.order_by("pk").values()), AuditEntry.objects.count()) == before
    return [error.field for error in refusal.value.errors]


class TestSave:
    def test_writes_everything_that_is_said(self):
        lamp, group, lamps = variant(), CustomerGroupFactory(), category("Lamps")
        data = PromotionData(
            name="Three for two", kind="buy_x_get_y", value=1_000_000, buy_quantity=2, get_quantity=1, currency="EUR",
            needs_code=False, products=(lamp.product_id,), categories=(lamps.pk,), groups=(group.pk,), first_order=True,
            min_subtotal=1000, min_quantity=3, priority=5, combines=False, starts_at=NOW,
            ends_at=NOW + timedelta(days=1), max_uses=7, max_uses_each=1, is_active=False,
        )  # fmt: skip

        made = save(data)

        found = Promotion.objects.get()
        plain = {name: value for name, value in vars(data).items() if name not in SCOPES}
        assert {name: getattr(found, name) for name in plain} == plain
        scopes = [list(getattr(found, name).values_list("pk", flat=True)) for name in SCOPES]
        assert scopes == [[lamp.product_id], [lamps.pk], [group.pk]]
        entry = AuditEntry.objects.get(action="cart.promotion_saved")
        assert (entry.actor_id, entry.object_id, entry.facts["starts_at"]) == (
            SOMEBODY,
            str(made.pk),
            NOW.isoformat(),
        )

    def test_changes_what_is_there_and_its_scope(self):
        lamp = variant()
        made = save(replace(TEN, products=(lamp.product_id,)))

        save(replace(TEN, name="Twenty", value=200_000), made.pk)

        assert Promotion.objects.values_list("name", "value").get() == ("Twenty", 200_000)
        assert not made.products.exists()

    @pytest.mark.parametrize(
        ("values", "field"),
        [
            ({"name": " "}, "name"),
            ({"kind": "gift"}, "kind"),
            ({"currency": "XXX"}, "currency"),
            ({"value": 0}, "value"),
            ({"value": 1_000_001}, "value"),
            ({"kind": "fixed", "value": 0}, "value"),
            ({"kind": "free_shipping", "value": 1}, "value"),
            ({"kind": "buy_x_get_y", "buy_quantity": 1}, "get_quantity"),
            ({"kind": "buy_x_get_y", "get_quantity": 1}, "buy_quantity"),
            ({"buy_quantity": 1}, "buy_quantity"),
            ({"min_subtotal": -1}, "min_subtotal"),
            ({"min_quantity": -1}, "min_quantity"),
            ({"priority": 40_000}, "priority"),
            ({"starts_at": NOW, "ends_at": NOW}, "ends_at"),
            ({"max_uses": 0}, "max_uses"),
            ({"max_uses_each": 0}, "max_uses_each"),
            ({"first_order": True, "max_uses_each": 2}, "max_uses_each"),
            ({"products": tuple(range(501))}, "products"),
            ({"products": (404,)}, "products"),
            ({"categories": (404,)}, "categories"),
            ({"groups": (404,)}, "groups"),
        ],
    )
    def test_refuses_what_makes_no_sense(self, values, field):
        assert refused(replace(TEN, **values)) == [field]

    @pytest.mark.parametrize("values", [{"value": 5}, {"value": 10, "min_subtotal": 15}])
    def test_refuses_amounts_that_no_card_can_be_charged(self, settings, values):
        settings.CURRENCIES = ["EUR", "KWD"]

        assert refused(replace(TEN, kind="fixed", currency="KWD", **values)) in (["value"], ["min_subtotal"])

    def test_refuses_one_that_is_missing(self):
        with pytest.raises(NotFound):
            save(TEN, 404)

    def test_refuses_to_need_no_code_while_there_are_codes(self):
        made = coupon("TEN").promotion

        assert refused(replace(TEN, needs_code=False), made.pk) == ["needs_code"]


class TestDelete:
    def delete(self, promotion: Promotion) -> None:
        services.delete_promotion(promotion_id=promotion.pk, actor_id=SOMEBODY, now=NOW)

    def test_takes_its_codes_along(self):
        made = coupon("TEN").promotion

        self.delete(made)

        assert not Promotion.objects.exists()
        assert not Coupon.objects.exists()
        assert AuditEntry.objects.get(action="cart.promotion_deleted").facts == {"name": "TEN", "codes": 1}

    def test_refuses_one_that_an_order_has_used(self):
        made = promotion()
        used(made)

        with pytest.raises(PromotionInUse):
            self.delete(made)

        assert Promotion.objects.get().redemptions.count() == 1

    def test_refuses_one_that_is_missing(self):
        with pytest.raises(NotFound):
            services.delete_promotion(promotion_id=404, actor_id=SOMEBODY, now=NOW)


def create(code: str = "TEN", promotion_id: int | None = None, **values: Any) -> Coupon:
    if promotion_id is None:
        promotion_id = promotion(needs_code=True).pk
    return services.create_code(
        promotion_id=promotion_id, code=code, data=CodeData(**values), actor_id=SOMEBODY, now=NOW
    )


def change(made: Coupon, **values: Any) -> Coupon:
    return services.change_code(code_id=made.pk, data=CodeData(**values), actor_id=SOMEBODY, now=NOW)


class TestCodes:
    def test_are_kept_in_capitals(self):
        made = create(" ten-of_all.1 ", max_uses=3)

        assert (made.code, made.max_uses, made.customer_id, made.used) == ("TEN-OF_ALL.1", 3, None, 0)
        assert AuditEntry.objects.get(action="cart.code_created").facts["code"] == "TEN-OF_ALL.1"

    def test_of_one_customer_are_on_record_without_their_words(self):
        user = UserFactory()

        made = create("ADA-LOVELACE", customer_id=user.pk)

        assert made.customer_id == user.pk
        assert "ADA" not in str(AuditEntry.objects.get(action="cart.code_created").facts)

    @pytest.mark.parametrize("code", ["", " ", "TEN OFF", "=TEN", "-TEN", "GRÜN", "A/B", "X" * 51])
    def test_that_cannot_be_written_are_refused(self, code):
        with pytest.raises(ValidationFailed, match="values"):
            create(code)

        assert not Coupon.objects.exists()

    def test_are_refused_twice_and_where_none_is_needed(self):
        create("TEN")

        with pytest.raises(ValidationFailed):
            create("ten")
        with pytest.raises(ValidationFailed):
            create("MORE", promotion_id=promotion().pk)
        with pytest.raises(ValidationFailed):
            create("MORE", max_uses=0)
        with pytest.raises(NotFound):
            create("MORE", promotion_id=404)

        assert Coupon.objects.count() == 1

    def test_count_what_was_used_before_there_was_a_limit(self):
        made = create("TEN")
        use = used(made.promotion, made)

        change(made, max_uses=1)

        assert Coupon.objects.values_list("used", "max_uses").get() == (1, 1)
        services.give_back_coupons(cart_id=use.cart_id)
        assert Coupon.objects.get().used == 0

    def test_refuse_a_limit_below_what_was_used(self):
        made = create("TEN")
        for _ in range(2):
            used(made.promotion, made)

        with pytest.raises(ValidationFailed):
            change(made, max_uses=1)

        assert Coupon.objects.values_list("used", "max_uses").get() == (0, None)

    def test_are_switched_off_and_deleted_while_no_order_has_them(self):
        made = create("TEN")
        assert change(made, is_active=False).is_active is False

        services.delete_code(code_id=made.pk, actor_id=SOMEBODY, now=NOW)

        assert not Coupon.objects.exists()

    def test_that_an_order_has_used_stay(self):
        made = create("TEN")
        used(made.promotion, made)

        with pytest.raises(PromotionInUse):
            services.delete_code(code_id=made.pk, actor_id=SOMEBODY, now=NOW)

        assert Coupon.objects.get() == made


@pytest.fixture
def gift():
    return promotion(name="Gift", needs_code=True)


def generate(promotion: Promotion, count: int = 3, **values: Any) -> str:
    return services.generate_codes(
        promotion_id=promotion.pk, count=count, actor_id=SOMEBODY, now=NOW, **values
    )


class TestGenerate:
    def test_makes_codes_for_one_use_each_that_nobody_can_guess_or_misread(self, gift):
        batch = generate(gift, 2100, prefix="xmas")

        codes = Coupon.objects.filter(promotion=gift, batch=batch)
        assert (batch, codes.count()) == ("2026-03-02 12:00:00", 2100)
        assert set(codes.values_list("max_uses", "used", "is_active")) == {(1, 0, True)}
        endings = [code.removeprefix("XMAS-") for code in codes.values_list("code", flat=True)]
        assert {len(ending) for ending in endings} == {12}
        # Thirty signs, none of which looks like another: 58 bits.
        assert set("".join(endings)) == set("23456789ABCDEFGHJKMNPQRSTVWXYZ")
        assert AuditEntry.objects.get(action="cart.codes_generated").facts == {"batch": batch, "count": 2100}

    @pytest.mark.parametrize(
        "values",
        [{"count": 0}, {"count": 100_001}, {"prefix": "a b"}, {"prefix": "X" * 38}, {"batch": "X" * 51}],
    )
    def test_refuses_what_cannot_be(self, gift, values):
        with pytest.raises(ValidationFailed):
            generate(gift, **values)

        assert not Coupon.objects.exists()

    def test_refuses_a_batch_twice_and_a_promotion_that_needs_none(self, gift):
        generate(gift, batch="Spring")

        with pytest.raises(ValidationFailed):
            generate(gift, batch="Spring")
        with pytest.raises(ValidationFailed):
            generate(promotion())

        assert Coupon.objects.count() == 3


class TestWithdraw:
    def withdraw(self, promotion: Promotion, batch: str) -> int:
        return services.withdraw_codes(promotion_id=promotion.pk, batch=batch, actor_id=SOMEBODY, now=NOW)

    def test_switches_off_that_batch_and_no_other(self, gift):
        generate(gift, 2100, batch="Spring")
        generate(gift, batch="Autumn")
        other = promotion(name="Other", needs_code=True)
        generate(other, batch="Spring")

        assert (self.withdraw(gift, "Spring"), self.withdraw(gift, "Spring")) == (2100, 0)

        on = Coupon.objects.filter(is_active=True)
        assert sorted(on.values_list("promotion__name", "batch").distinct()) == [
            ("Gift", "Autumn"),
            ("Other", "Spring"),
        ]
        counts = (
            AuditEntry.objects.filter(action="cart.codes_withdrawn")
            .order_by("pk")
            .values_list("facts__count")
        )
        assert list(counts) == [(2100,), (0,)]

    def test_of_no_batch_leaves_codes_that_were_made_one_by_one(self, gift):
        create("TEN", promotion_id=gift.pk)

        assert self.withdraw(gift, "") == 0

        assert Coupon.objects.get().is_active


class TestDownload:
    def test_has_every_code_of_the_batch_with_what_became_of_it(self, gift):
        generate(gift, 2, batch="Spring")
        generate(gift, 2, batch="Other")
        first = Coupon.objects.filter(batch="Spring").order_by("pk").first()
        assert first is not None
        Coupon.objects.filter(pk=first.pk).update(used=1)

        rows = list(
            csv.reader(io.StringIO("".join(selectors.codes_csv(promotion_id=gift.pk, batch="Spring"))))
        )

        assert (rows[0], len(rows)) == (["code", "used", "active"], 3)
        assert rows[1] == [first.code, "1", "true"]

    def test_has_no_cell_that_a_spreadsheet_takes_for_a_formula(self, gift):
        Coupon.objects.create(promotion=gift, code="=1+1", batch="Old")

        (_, row) = list(selectors.codes_csv(promotion_id=gift.pk, batch="Old"))

        assert row == "'=1+1,0,true\r\n"


class TestCommand:
    def test_makes_codes_and_writes_them_to_a_file(self, gift, tmp_path):
        file, out = tmp_path / "codes.csv", io.StringIO()

        call_command("generate_codes", gift.pk, 3, prefix="x", batch="Spring", output=str(file), stdout=out)

        assert len(file.read_text().splitlines()) == 4
        assert "3 codes" in out.getvalue()
        assert Coupon.objects.filter(batch="Spring", code__startswith="X-").count() == 3

    def test_says_why_it_does_not(self, gift):
        with pytest.raises(CommandError, match="from 1 to 100000"):
            call_command("generate_codes", gift.pk, 0)
        with pytest.raises(CommandError, match="no promotion"):
            call_command("generate_codes", 404, 1)
