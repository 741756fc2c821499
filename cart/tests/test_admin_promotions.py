"""Promotions and codes in the admin: written as people write them, made in bulk, at a bounded cost."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from cart.models import Coupon, Promotion, Redemption
from cart.tests.factories import coupon, promotion, used
from products.tests.factories import NOW, category, variant
from shop.audit.models import AuditEntry
from tests.statements import statements
from users.tests.factories import CustomerGroupFactory, StaffFactory, SuperuserFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.once]

MOST = 15


@pytest.fixture
def admin(client):
    client.force_login(SuperuserFactory())
    return client


def page(name: str, *args: Any) -> str:
    return reverse(f"admin:cart_{name}", args=args)


def form(**values: Any) -> dict[str, Any]:
    usual = {"name": "Autumn", "kind": "percent", "value": "10", "currency": "EUR", "priority": "100",
             "combines": "on", "needs_code": "on", "is_active": "on"}  # fmt: skip
    return usual | values


def errors(answer: Any) -> set[str]:
    assert answer.status_code == 200
    return set(answer.context["adminform"].form.errors)


class TestPages:
    @pytest.mark.parametrize("rows", [1, 20])
    @pytest.mark.parametrize("model", ["promotion", "coupon", "redemption"])
    def test_lists_cost_the_same_whatever_their_length(self, admin, model, rows):
        for number in range(rows):
            made = coupon(f"TEN{number}")
            used(made.promotion, made)

        with statements() as sent:
            shown = admin.get(page(f"{model}_changelist"))

        assert (shown.status_code, len(sent) <= MOST) == (200, True), sent

    def test_a_promotions_page_costs_the_same_whatever_it_is_for(self, admin):
        made = promotion(
            products=[variant().product_id for _ in range(20)],
            categories=[category(f"C{number}") for number in range(5)],
            groups=[CustomerGroupFactory() for _ in range(5)],
        )

        with statements() as sent:
            shown = admin.get(page("promotion_change", made.pk))

        assert (shown.status_code, len(sent) <= MOST) == (200, True), sent

    @pytest.mark.parametrize("count", [1, 50])
    def test_the_page_of_codes_costs_the_same_however_many_there_are(self, admin, count):
        made = coupon("TEN").promotion
        Coupon.objects.bulk_create(
            Coupon(promotion=made, code=f"C{number}", batch=f"B{number % 5}") for number in range(count)
        )

        with statements() as sent:
            shown = admin.get(page("promotion_codes", made.pk))

        assert (shown.status_code, len(sent) <= MOST) == (200, True), sent

    def test_lists_say_what_it_takes_off_and_how_often_it_was_used(self, admin):
        promotion(kind="fixed", value=500, max_uses=7)
        promotion(kind="buy_x_get_y", value=500_000, buy_quantity=2, get_quantity=1)
        promotion(kind="free_shipping", value=0, ends_at=NOW)
        used(promotion())

        shown = admin.get(page("promotion_changelist")).content.decode()

        for said in ("5.00 EUR", "50 % of 1 of 3", "the shipping", "10 %", "… – 2026-03-02", "0 of 7"):
            assert said in shown

    def test_a_code_is_found_by_its_beginning_in_any_case(self, admin):
        coupon("SPRING-1")
        coupon("AUTUMN-1")

        shown = admin.get(page("coupon_changelist"), {"q": "spri"}).content.decode()

        assert ("SPRING-1" in shown, "AUTUMN-1" in shown) == (True, False)

    def test_a_redemption_is_only_read(self, admin):
        ten = coupon("TEN")
        made = used(ten.promotion, ten)

        shown = admin.get(page("redemption_change", made.pk))

        assert "1.99 EUR" in shown.content.decode()
        assert admin.get(page("redemption_add")).status_code == 403
        assert admin.post(page("redemption_change", made.pk), {"state": "released"}).status_code == 403
        assert admin.post(page("redemption_delete", made.pk)).status_code == 403
        assert Redemption.objects.get().state == "held"


class TestPromotion:
    @pytest.mark.parametrize(
        ("values", "kept", "shown"),
        [
            ({"value": "12.5"}, {"value": 125_000, "currency": "EUR"}, "12.5"),
            (
                {"kind": "fixed", "value": "5.00", "min_subtotal": "20.00"},
                {"value": 500, "min_subtotal": 2000},
                "5.00",
            ),
            ({"kind": "free_shipping", "value": ""}, {"value": 0, "min_subtotal": 0}, ""),
            (
                {"kind": "buy_x_get_y", "value": "100", "buy_quantity": "2", "get_quantity": "1"},
                {"value": 1_000_000, "buy_quantity": 2, "get_quantity": 1},
                "100",
            ),
        ],
    )
    def test_is_written_as_people_write(self, admin, values, kept, shown):
        assert admin.post(page("promotion_add"), form(**values)).status_code == 302

        made = Promotion.objects.get()
        assert {name: getattr(made, name) for name in kept} == kept
        again = admin.get(page("promotion_change", made.pk))
        assert again.context["adminform"].form["value"].value() == shown

    def test_is_changed_with_all_that_it_is_for(self, admin):
        made, lamp, group = promotion(needs_code=True), variant(), CustomerGroupFactory()
        values = form(
            name="Winter", products=[lamp.product_id], categories=[category().pk], groups=[group.pk], first_order="on",
            min_quantity="2", starts_at_0="2026-12-01", starts_at_1="00:00", ends_at_0="2026-12-24", ends_at_1="12:00",
            max_uses="7", max_uses_each="1", priority="5",
        )  # fmt: skip
        del values["combines"]

        assert admin.post(page("promotion_change", made.pk), values).status_code == 302

        made.refresh_from_db()
        assert (made.name, made.first_order, made.min_quantity, made.max_uses, made.max_uses_each) == (
            "Winter", True, 2, 7, 1,
        )  # fmt: skip
        assert (made.priority, made.combines, made.starts_at is None, made.ends_at is None) == (
            5,
            False,
            False,
            False,
        )
        assert [made.products.count(), made.categories.count(), made.groups.get()] == [1, 1, group]
        assert AuditEntry.objects.get(action="cart.promotion_saved").object_id == str(made.pk)

    def test_keeps_what_it_is_for_when_it_is_saved_as_it_is(self, admin):
        made = promotion(needs_code=True, products=[variant().product_id], groups=[CustomerGroupFactory()])
        shown = admin.get(page("promotion_change", made.pk)).context["adminform"].form
        values = {name: shown[name].value() for name in ("products", "categories", "groups")}

        assert admin.post(page("promotion_change", made.pk), form(**values)).status_code == 302

        assert (made.products.count(), made.categories.count(), made.groups.count()) == (1, 0, 1)

    @pytest.mark.parametrize(
        ("values", "field"),
        [
            ({"value": "101"}, "value"),
            ({"value": "five"}, "value"),
            ({"value": ""}, "value"),
            ({"kind": "fixed", "value": "5.001"}, "value"),
            ({"kind": "fixed", "value": ""}, "value"),
            ({"kind": "free_shipping", "value": "5"}, "value"),
            ({"kind": "buy_x_get_y", "value": "100", "buy_quantity": "2"}, "get_quantity"),
            ({"min_subtotal": "-1"}, "min_subtotal"),
            ({"currency": "XXX"}, "currency"),
            ({"max_uses": "0"}, "max_uses"),
            (
                {
                    "starts_at_0": "2026-12-02",
                    "starts_at_1": "00:00",
                    "ends_at_0": "2026-12-01",
                    "ends_at_1": "00:00",
                },
                "ends_at",
            ),
            ({"products": ["404"]}, "products"),
        ],
    )
    def test_what_cannot_be_meant_is_refused_beside_its_field(self, admin, values, field):
        made = promotion(needs_code=True)

        assert errors(admin.post(page("promotion_change", made.pk), form(**values))) == {field}

        assert Promotion.objects.values_list("value", "min_subtotal", "max_uses").get() == (100_000, 0, None)

    def test_of_more_than_500_products_is_refused(self, admin, monkeypatch):
        monkeypatch.setattr("cart.promotion_rules.MAX_PRODUCTS", 1)
        named = [variant().product_id, variant().product_id]

        assert errors(admin.post(page("promotion_add"), form(products=named))) == {"products"}

        assert not Promotion.objects.exists()

    def test_a_limit_below_what_was_used_is_refused(self, admin):
        made = promotion(needs_code=True)
        used(made)
        used(made)

        assert errors(admin.post(page("promotion_change", made.pk), form(max_uses="1"))) == {"max_uses"}

    def test_is_deleted_unless_an_order_has_used_it(self, admin):
        kept, spare = promotion(), coupon("TEN").promotion
        used(kept)

        for made in (kept, spare):
            admin.post(page("promotion_delete", made.pk), {"post": "yes"})

        assert list(Promotion.objects.all()) == [kept]


class TestCode:
    def test_is_added_in_capitals_and_changed_but_for_its_words(self, admin):
        made, user = promotion(needs_code=True), UserFactory()
        values = {"promotion": made.pk, "code": "ten", "max_uses": "3", "is_active": "on"}
        assert admin.post(page("coupon_add"), values).status_code == 302
        code = Coupon.objects.get()

        changed = {"code": "other", "customer": user.pk, "max_uses": "", "promotion": promotion().pk}
        assert admin.post(page("coupon_change", code.pk), changed).status_code == 302

        code.refresh_from_db()
        assert (code.code, code.promotion, code.customer_id, code.max_uses, code.is_active) == (
            "TEN", made, user.pk, None, False,
        )  # fmt: skip

    @pytest.mark.parametrize("code", ["TEN", "ten off", ""])
    def test_that_cannot_be_is_refused(self, admin, code):
        made = coupon("TEN").promotion

        answer = admin.post(page("coupon_add"), {"promotion": made.pk, "code": code, "is_active": "on"})

        assert errors(answer) == {"code"}
        assert Coupon.objects.count() == 1

    def test_is_deleted_unless_an_order_has_used_it(self, admin):
        kept, spare = coupon("KEPT"), coupon("SPARE")
        used(kept.promotion, kept)

        for made in (kept, spare):
            admin.post(page("coupon_delete", made.pk), {"post": "yes"})

        assert list(Coupon.objects.all()) == [kept]


class TestBatches:
    def post(self, admin: Any, made: Promotion, **values: Any) -> Any:
        return admin.post(page("promotion_codes", made.pk), values)

    def test_are_made_downloaded_and_withdrawn(self, admin):
        made = promotion(needs_code=True)

        answer = self.post(admin, made, act="generate", count="3", beginning="xmas", batch="Spring 26")
        assert answer.status_code == 302
        codes = set(Coupon.objects.values_list("code", flat=True))
        assert len(codes) == 3

        file = self.post(admin, made, act="download", batch="Spring 26")
        lines = b"".join(file.streaming_content).decode().splitlines()
        assert file.headers["Content-Disposition"] == f'attachment; filename="codes-{made.pk}-spring-26.csv"'
        assert {line.partition(",")[0] for line in lines[1:]} == codes

        assert self.post(admin, made, act="withdraw", batch="Spring 26").status_code == 302
        assert set(Coupon.objects.values_list("is_active", flat=True)) == {False}
        acts = AuditEntry.objects.order_by("pk").values_list("action", flat=True)
        assert list(acts) == ["cart.codes_generated", "cart.codes_downloaded", "cart.codes_withdrawn"]

    @pytest.mark.parametrize(
        ("values", "field"),
        [({"count": "0"}, "count"), ({"beginning": "a b"}, "beginning"), ({"count": ""}, "count")],
    )
    def test_that_cannot_be_are_refused_beside_the_field(self, admin, values, field):
        answer = self.post(admin, promotion(needs_code=True), **{"act": "generate", "count": "3"} | values)

        assert (answer.status_code, set(answer.context["form"].errors)) == (200, {field})
        assert not Coupon.objects.exists()

    def test_are_not_offered_for_a_promotion_that_needs_none(self, admin):
        shown = admin.get(page("promotion_codes", promotion().pk)).content.decode()

        assert ("Make them" in shown, "needs no code" in shown) == (False, True)

    def test_of_nothing_do_not_exist(self, admin):
        assert admin.get(page("promotion_codes", 404)).status_code == 404
        assert self.post(admin, promotion(needs_code=True), act="guess").status_code == 404

    @pytest.mark.parametrize(
        ("rights", "act", "status"),
        [
            (("view_promotion",), None, 403),
            (("view_promotion", "view_coupon"), None, 200),
            (("view_promotion", "view_coupon"), "download", 200),
            (("view_promotion", "view_coupon"), "generate", 403),
            (("view_promotion", "view_coupon"), "withdraw", 403),
            (("view_promotion", "view_coupon", "add_coupon"), "generate", 302),
            (("view_promotion", "view_coupon", "change_coupon"), "withdraw", 302),
        ],
    )
    def test_are_for_staff_with_the_right(self, client, rights, act, status):
        client.force_login(StaffFactory(permissions=[f"cart.{right}" for right in rights]))
        made = promotion(needs_code=True)

        answer = (
            self.post(client, made, act=act, count="1")
            if act
            else client.get(page("promotion_codes", made.pk))
        )

        assert answer.status_code == status
