"""Export and erasure over all apps: docs/privacy.md against the models, and both against whole lives."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from django.apps import apps
from django.core import mail
from django.db import models
from django.utils import timezone

from notifications.models import EmailMessage
from orders.tests.invariants import check_invariants
from payments.models import Receipt
from payments.tests.conftest import stripe
from shop.api.json import dumps
from shop.core.transactions import use_case
from shop.events.backends import message_of
from shop.events.models import OutboxEvent
from tests.persons import API, Column, Person, all_keys, documented, lead_a_life, places_of, sell, work
from users import services
from users.tests.clients import anonymous
from users.tests.factories import PASSWORD

__all__ = ["stripe"]

TABLE = documented()
# Text that says nothing about a person: what staff and machines write about goods, money and machines, codes, states,
# ids, and hashes of random secrets. Numbers, times, choices and references count as that without being named.
SAYS_NOTHING = {
    "admin.LogEntry": "object_id change_message",
    "api.IdempotencyKey": "principal fingerprint",
    "audit.AuditEntry": "action object_type object_id facts",
    "auth.Group": "name",
    "auth.Permission": "name codename",
    "cart.Cart": "token_hash currency language shipping_method",
    "cart.Coupon": "batch",
    "cart.Promotion": "name currency",
    "cart.ShippingMethod": "code name",
    "cart.ShippingRate": "currency",
    "cart.ShippingZone": "name",
    "cart.TaxRate": "name country region tax_class",
    "cart.ZoneArea": "country region postal_pattern",
    "contenttypes.ContentType": "app_label model",
    "events.DeadLetter": "group type key message topic error",
    "events.InboxEvent": "group",
    "events.JobRun": "name error",
    "events.Lease": "name holder",
    "events.OutboxEvent": "type topic aggregate_type key payload error",
    "events.ParkedEvent": "group type key message topic error",
    "notifications.EmailMessage": "template recipient_ref context_ref lease_holder error message_id "
    "provider_message_id language",
    "notifications.MailTemplate": "template language subject text html",
    "orders.Carrier": "code name tracking_pattern",
    "orders.Order": "number language currency tax_lines tax_rounding discounts shipping_method shipping_name coupons "
    "terms_version",
    "orders.OrderLine": "sku name options tax_name",
    "orders.OrderMove": "axis from_state to_state",
    "orders.Shipment": "carrier carrier_name",
    "payments.CustomerDeletion": "customer_id",
    "payments.Dispute": "stripe_id currency reason status",
    "payments.Payment": "currency method session_id capture_error released_lines",
    "payments.PaymentException": "pi_id currency",
    "payments.CreditNote": "number series document digest code",
    "payments.Receipt": "number series digest code",
    "payments.ReceiptCounter": "series",
    "payments.Reconciliation": "looked_at differences error",
    "payments.Refund": "currency lines stripe_id error",
    # Only Stripe knows who that is; erasing cuts it off from the person, and asks Stripe to forget them.
    "payments.StripeCustomer": "customer_id",
    "payments.StripeEvent": "id type api_version object_id pi_id account ignored error",
    "products.Attribute": "name key unit choices",
    "products.Brand": "name",
    "products.CatalogueImport": "file name format errors",
    "products.Category": "path name slug description",
    "products.CategoryText": "language name description",
    "products.Collection": "name slug",
    "products.ExchangeRate": "currency",
    "products.Price": "currency",
    "products.PriceChange": "currency",
    "products.Product": "name slug description tax_class option_names attributes image_sources seo_title "
    "seo_description external_id metadata",
    "products.ProductAttribute": "key value",
    "products.ProductImage": "file thumbnails alt",
    "products.ProductPrice": "currency",
    "products.ProductSlug": "slug",
    "products.ProductText": "language name description seo_title seo_description options",
    "products.SearchEntry": "name keywords body",
    "products.SearchForm": "word",
    "products.SearchWord": "word",
    "products.StockMovement": "reason",
    "products.Variant": "sku options option_key external_id metadata",
    "sessions.Session": "session_key",
    "users.CustomerGroup": "code name",
    "users.User": "language",
}
SPEAKING = (
    models.CharField, models.TextField, models.JSONField, models.BinaryField, models.FileField,
    models.GenericIPAddressField,
)  # fmt: skip


def speaks(field: Any) -> bool:
    """Tell whether a column can say something of its own about a person."""
    return isinstance(field, SPEAKING) and not field.choices


class TestTable:
    def test_every_column_is_in_it_or_says_nothing(self):
        unclassified = [
            f"{model._meta.label}.{field.name}"
            for model in apps.get_models()
            if ".tests." not in model.__module__
            for field in model._meta.concrete_fields
            if speaks(field)
        ]
        personal = [column.name for column in TABLE if speaks(column.field)]
        mute = [f"{model}.{name}" for model, names in SAYS_NOTHING.items() for name in names.split()]

        assert sorted(unclassified) == sorted(personal + mute)

    def test_names_columns_that_exist_and_each_once(self):
        assert [str(column.field) for column in TABLE] == [column.name for column in TABLE]
        assert [name for name, times in Counter(column.name for column in TABLE).items() if times > 1] == []

    def test_knows_four_ends(self):
        assert {column.erasure for column in TABLE} == {"blank", "replaced", "deleted", "kept"}

    def test_of_what_speaks_only_the_law_and_the_books_keep_anything(self):
        """To keep another one is a decision: it belongs into this test, into the page and into the preview."""
        assert {column.name for column in TABLE if column.erasure == "kept" and speaks(column.field)} == {
            "users.Session.refresh_jti",
            "orders.OrderAddress.country",
            "payments.Payment.pi_id",
            "payments.Payment.charge_id",
            "payments.Receipt.document",
        }


@pytest.fixture
def lives(stripe, settings):
    """Let two people live, so that what belongs to one can be told from what belongs to the other."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    sell()
    return lambda mark: lead_a_life(mark, stripe)


@pytest.mark.django_db
@pytest.mark.needs_postgres
class TestWholeLife:
    """What people really do, through the front doors; every word of it has their mark."""

    def test_is_in_the_database_before_and_in_the_receipt_alone_afterwards(self, lives):
        ada, bob = lives("Zqada"), lives("Zqbob")
        before = places_of(*ada.words, *bob.words)
        # Or the search would prove nothing: it finds the columns of nearly the whole table.
        assert len(before[ada.mark]) > 30
        receipts = list(Receipt.objects.order_by("pk").values())

        assert ada.client.delete(f"{API}users/me/", {"password": PASSWORD}).status_code == 204
        work()

        after = places_of(*ada.words, *bob.words)
        name_and_address = {"payments_receipt.document"}
        assert {word: after.get(word, set()) for word in ada.words} == {
            ada.words[0]: name_and_address,
            ada.words[1]: set(),
            ada.words[2]: name_and_address,
            ada.words[3]: name_and_address,
        }
        assert {word: after[word] for word in bob.words} == {word: before[word] for word in bob.words}
        assert list(Receipt.objects.order_by("pk").values()) == receipts
        assert f"{ada.mark}@" not in str(receipts)
        check_invariants()

    def test_is_in_its_own_export_and_in_no_other(self, lives):
        ada, bob = lives("Zqada"), lives("Zqbob")

        exports = [person.client.get(f"{API}users/me/export/").content.decode() for person in (ada, bob)]

        for words, own, other in ((ada.words, *exports), (bob.words, *reversed(exports))):
            assert [word for word in words if word not in own] == []
            assert [word for word in words if word in other] == []

    def test_leaves_ids_alone_in_events(self, lives):
        ada = lives("Zqada")

        said = [message_of(row).decode() for row in OutboxEvent.objects.all()]

        # What is parked or given up is kept as it was sent, so this is all that those tables can hold.
        assert len({row.type for row in OutboxEvent.objects.all()}) > 8
        assert [text for text in said for word in ada.words if word.lower() in text.lower()] == []

    def test_gets_no_more_mail(self, lives):
        ada = lives("Zqada")
        mail.outbox.clear()
        anonymous().post(f"{API}auth/password/reset/", {"email": ada.user.email})

        services_erase(ada)
        work()

        assert mail.outbox == []
        assert set(EmailMessage.objects.values_list("state", flat=True)) == {"sent", "dead"}
        (given_up,) = EmailMessage.objects.filter(state="dead")
        assert (given_up.template, given_up.error) == ("password_reset", "Its recipient was erased.")

    def test_preview_is_what_happens(self, lives):
        ada = lives("Zqada")
        told = ada.client.delete(f"{API}users/me/?dry_run=1").json()

        assert told["blockers"] == []
        assert {held["name"]: held["count"] for held in told["erased"]} == {
            "profile": 1, "addresses": 2, "sessions": 1, "password_resets": 1, "email_changes": 1,
            "second_factor": 1, "customer_groups": 1, "consents": 2, "admin_log": 1, "carts": 1,
            "coupons": 1, "promotion_uses": 1, "order_contacts": 3, "reviews": 1, "purchases": 2, "wishlist": 1,
            "stock_alerts": 1, "saved_cards": 1, "mail_preferences": 1,
        }  # fmt: skip
        assert {held["name"]: held["count"] for held in told["kept"]} == {
            "audit": 1, "ordered_carts": 2, "messages": 18, "orders": 3, "payments": 1, "receipts": 1,
        }  # fmt: skip


def services_erase(person: Person) -> None:
    use_case(services.erase_account, user_id=person.user.pk, actor_id=person.user.pk, now=timezone.now())


# Of rows that a life leaves behind, those that are the person's.
WHOSE: dict[str, dict[str, Any]] = {
    # A guest's cart that was merged at the sign-in isn't linked to anybody; merging empties it.
    "cart.Cart": {"user__isnull": False},
    # All others are anybody's.
    "cart.Coupon": {"customer__isnull": False},
    # A customer's own names them by a reference.
    "cart.CustomerUses": {"user__isnull": True},
    # The shop's own reasons are always the same words.
    "orders.OrderMove": {"actor": "customer"},
}


class Marked:
    """A life of which every column of the table says something unheard-of."""

    def __init__(self, person: Person, keys: dict[str, set[Any]], letter: str) -> None:
        self.person = person
        # Staff who dealt with the person are new rows too.
        self.keys = {**keys, "users.User": {person.user.pk}}
        self.marks = {
            column.name: self._mark(number, column, letter)
            for number, column in enumerate(TABLE)
            if speaks(column.field) and column.erasure != "kept"
        }
        for column in TABLE:
            if column.name in self.marks:
                self._write(column)

    def rows(self, column: Column) -> Any:
        label = column.model._meta.label
        rows = column.model._default_manager.filter(pk__in=self.keys[label], **WHOSE.get(label, {}))
        return rows.order_by("pk")

    def values(self, column: Column) -> list[Any]:
        return list(self.rows(column).values_list(column.field.name, flat=True))

    def _mark(self, number: int, column: Column, letter: str) -> str:
        if column.field.max_length == 2:
            return f"{'|^`'[number % 3]}{letter}"
        return f"~{letter}{number:02}"

    def _write(self, column: Column) -> None:
        mark, field = self.marks[column.name], column.field
        for number, pk in enumerate(self.rows(column).values_list("pk", flat=True)):
            # Some must be unique.
            text = f"{mark}-{number}" if (field.max_length or 99) > 9 else mark
            value: Any = {"m": text} if isinstance(field, models.JSONField) else text
            column.model._default_manager.filter(pk=pk).update(**{field.name: value})


@pytest.fixture
def marked(lives):
    def live(name: str, letter: str) -> Marked:
        before = all_keys()
        person = lives(name)
        after = all_keys()
        return Marked(person, {label: keys - before[label] for label, keys in after.items()}, letter)

    return live("Zqada", "A"), live("Zqbob", "B")


@pytest.mark.django_db
@pytest.mark.needs_postgres
class TestEveryColumn:
    def test_has_a_row_in_these_lives(self, marked):
        empty = {column.model._meta.label for column in TABLE if not marked[0].values(column)}

        # Only staff have one; users.tests.test_privacy looks at it.
        assert empty == {"sessions.Session"}

    def test_is_exported_as_the_table_says_and_to_nobody_else(self, marked):
        ada, bob = marked
        export = dumps(services.export_own_data(user_id=ada.person.user.pk, now=timezone.now())).decode()

        exported = {name for name, mark in ada.marks.items() if mark in export}
        assert exported == {column.name for column in TABLE if column.exported and column.name in ada.marks}
        assert [name for name, mark in bob.marks.items() if mark in export] == []
        kept = [column for column in TABLE if column.exported and column.erasure == "kept"]
        assert [
            column.name
            for column in kept
            for value in ada.values(column)
            if dumps(value).decode() not in export
        ] == []

    def test_ends_as_the_table_says_and_nobody_elses_does(self, marked):
        ada, bob = marked
        before = {column.name: ada.values(column) for column in TABLE}
        untouched = places_of(*bob.marks.values())

        services_erase(ada.person)

        assert places_of(*ada.marks.values()) == {}
        assert places_of(*bob.marks.values()) == untouched
        wrong = {
            column.name: ada.values(column)
            for column in TABLE
            if not ended_rightly(column.erasure, before[column.name], ada.values(column))
        }
        assert wrong == {}


def ended_rightly(erasure: str, before: list[Any], after: list[Any]) -> bool:
    """Tell whether values ended as the table says; that replaced ones don't hold the old is searched for."""
    if erasure == "deleted":
        return after == []
    if erasure == "blank":
        return all(value in ("", None, {}, []) for value in after)
    if erasure == "kept":
        return after == before
    return len(after) == len(before) and not set(after) & set(before)
