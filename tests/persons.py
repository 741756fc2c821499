"""A person who has left something in every table that can hold something on a person, and the tables themselves."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import Any
from uuid import uuid4

from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models
from django.utils import timezone

from cart.tests.factories import coupon, promotion, selling
from cart.tests.guests import Guest
from notifications import sender
from orders import services as orders
from orders.models import Order
from orders.tests.backs import approve, ask
from orders.tests.parcels import cancel_lines, deliver, ship
from orders.tests.shopping import URL as ORDERS
from orders.tests.shopping import order_url
from payments import services as payments
from payments.models import Payment
from payments.tests.paying import confirm
from products.tests.factories import variant
from shop.core.transactions import use_case
from shop.events.local import LocalBackend
from shop.events.models import DeadLetter, OutboxEvent, ParkedEvent
from tests.environment import ROOT
from tools.stripe_fake import StripeFake
from users import selectors, services
from users.addresses import PostalAddress
from users.models import RecoveryCode, User
from users.tests.clients import anonymous, client_with
from users.tests.factories import PASSWORD, CustomerGroupFactory, SuperuserFactory

API = "/api/v1/"
VAT_IDS = {"a": "NL004495445B01", "b": "NL111222333B01"}


@dataclass
class Person:
    """Somebody whose every word has ``mark`` in it, so that a search of the database finds what is left of them."""

    mark: str
    user: User
    client: Any

    @property
    def words(self) -> list[str]:
        """What must not be found anywhere once they are forgotten."""
        return [self.mark, *_words(self.mark)]


def _words(mark: str) -> list[str]:
    # A telephone number, a postal code and a VAT id have to be real ones, so these can't carry the mark.
    return [f"+31201234{ord(mark[-1]):03}", f"1{ord(mark[-1]):03} ZQ", VAT_IDS[mark[-1]]]


def address_of(mark: str) -> PostalAddress:
    phone, code, _ = _words(mark)
    return PostalAddress(
        full_name=f"Ada {mark}",
        company=f"{mark} GmbH",
        line1=f"{mark}weg 4",
        line2=f"Hof {mark}",
        city=f"Bad {mark}",
        region=f"Ober{mark}",
        postal_code=code,
        country="NL",
        phone=phone,
    )


def lead_a_life(mark: str, stripe: StripeFake) -> Person:
    """Do everything that a person can do in this shop, as its own front doors have it, and let the worker work."""
    email = f"{mark}@example.com"
    _order_as_guest(mark, email)
    guest = _fill_guest_cart(mark)
    _register(mark, email)
    user = User.objects.get(email=email)
    link = selectors.verification_link_parts(user, now=timezone.now())
    anonymous().post(f"{API}auth/email/verify/", {"uid": link.uid, "token": link.token})
    signed_in = anonymous().post(
        f"{API}auth/login/",
        {"email": email, "password": PASSWORD},
        headers={"X-Cart-Token": guest, "User-Agent": f"Browser {mark}"},
    )
    person = Person(mark, user, client_with(signed_in.json()["access"]))
    _keep_house(person)
    _buy(person, stripe)
    _change_their_mind(person)
    _have_opinions(person)
    person.client.post(f"{API}cart/items/", {"variant": variant().pk, "quantity": 1})
    person.client.patch(f"{API}cart/", {"country": "NL", "postal_code": address_of(mark).postal_code})
    _meet_staff(person)
    work()
    return person


def _order_as_guest(mark: str, email: str) -> None:
    """Order and think better of it; the account takes this over once its address is verified."""
    guest = Guest()
    guest.add(variant(now=timezone.now()))
    cart = guest("patch", "", {"country": "NL", "shipping_method": "standard"}).json()
    body = {
        "email": email,
        "shipping_address": asdict(address_of(mark)),
        "shipping_method": "standard",
        "expected_total": cart["total"],
    }
    headers = {"Idempotency-Key": str(uuid4()), "X-Cart-Token": str(guest.token)}
    placed = guest.client.post(ORDERS, body, headers=headers).json()
    token = {"X-Order-Token": placed["access_token"]}
    assert guest.client.post(f"{ORDERS}{placed['id']}/cancel/", {}, headers=token).status_code == 200


def _fill_guest_cart(mark: str) -> str:
    guest = Guest()
    guest.add(variant(now=timezone.now()))
    place = {"country": "NL", "region": f"Ober{mark}", "postal_code": address_of(mark).postal_code}
    assert guest("patch", "", place | {"vat_id": _words(mark)[2]}).status_code == 200
    return str(guest.token)


def _register(mark: str, email: str) -> None:
    consents = [{"purpose": "terms", "granted": True, "version": f"v {mark}"}]
    body = {"email": email, "password": PASSWORD, "first_name": f"Ada {mark}", "last_name": f"von {mark}"}
    assert anonymous().post(f"{API}auth/register/", body | {"consents": consents}).status_code == 201
    # Registered once more: the owner is told.
    anonymous().post(f"{API}auth/register/", body)


def _keep_house(person: Person) -> None:
    client, mark = person.client, person.mark
    for kind in ("shipping", "billing"):
        address = asdict(address_of(mark))
        assert client.post(f"{API}users/me/{kind}_addresses/", address).status_code == 201
    consent = {"purpose": "marketing", "granted": True, "source": f"form {mark}"}
    assert client.post(f"{API}users/me/consents/", consent).status_code == 201
    assert client.patch(f"{API}notifications/preferences/", {"back_in_stock": False}).status_code == 200
    client.post(f"{API}users/me/email/", {"email": f"new-{mark}@example.com", "password": PASSWORD})
    anonymous().post(f"{API}auth/password/reset/", {"email": person.user.email})
    assert client.post(f"{API}users/me/two_factor/", {"password": PASSWORD}).status_code == 201
    RecoveryCode.objects.create(user=person.user, code_hash=mark)
    CustomerGroupFactory(members=[person.user])
    coupon(f"{mark}-BIRTHDAY".upper(), name="Birthday", customer=person.user)


def _place(person: Person) -> Order:
    client, mark = person.client, person.mark
    place = {"country": "NL", "shipping_method": "standard", "vat_id": _words(mark)[2]}
    assert client.patch(f"{API}cart/", place).status_code == 200
    cart = client.get(f"{API}cart/").json()
    body = {
        "shipping_address": asdict(address_of(mark)),
        "shipping_method": "standard",
        "note": f"Ring twice, says {mark}.",
        # Not the account's own address: a customer may give another one.
        "email": f"orders-{mark}@example.com",
        "expected_total": cart["total"],
    }
    placed = client.post(ORDERS, body, headers={"Idempotency-Key": f"{mark}-{uuid4()}"})
    assert placed.status_code == 201, placed.json()
    return Order.objects.get(pk=placed.json()["id"])


def _buy(person: Person, stripe: StripeFake) -> None:
    person.client.post(f"{API}cart/items/", {"variant": variant(now=timezone.now()).pk, "quantity": 2})
    order = _place(person)
    assert person.client.post(f"{API}payments/cards/", {}).status_code == 201
    started = person.client.post(
        f"{API}payments/", {"order": str(order.pk)}, headers={"Idempotency-Key": person.mark}
    )
    payment = Payment.objects.get(pk=started.json()["id"])
    confirm(stripe, payment)
    payments.settle_payment(payment_id=payment.pk, now=timezone.now())
    work()
    _get_parcels(order, person.mark)
    receipt = person.client.get(f"{API}payments/{payment.pk}/receipt/")
    assert person.mark in str(receipt.json())


def _get_parcels(order: Order, mark: str) -> None:
    """Get all but one unit, and be refused to send one back."""
    units = list(order.lines.order_by("position").values_list("quantity", flat=True))
    some = [0] * (len(units) - 1)
    cancel_lines(order, [*some, 1], reason=f"{mark} knows why")
    ship(order, tracking_number=f"TRACK {mark}", now=timezone.now())
    deliver(order, now=timezone.now())
    back = ask(order, [*some, 1], reason=f"{mark} had hoped for more", now=timezone.now())
    approve(back, approve=False, message=f"{mark} has used it.", now=timezone.now())
    for visible in (True, False):
        values: dict[str, Any] = {"text": f"{mark} asked why.", "visible": visible}
        values["author_id"] = SuperuserFactory().pk
        use_case(orders.add_note, order_id=order.pk, now=timezone.now(), **values)
    work()


def _change_their_mind(person: Person) -> None:
    person.client.post(f"{API}cart/items/", {"variant": variant(now=timezone.now()).pk, "quantity": 1})
    order = _place(person)
    ended = person.client.post(order_url(order, "cancel"), {"reason": f"{person.mark} changed their mind"})
    assert ended.status_code == 200


def _have_opinions(person: Person) -> None:
    client, mark = person.client, person.mark
    bought, gone = variant(now=timezone.now()), variant(now=timezone.now(), on_hand=0)
    review = {"rating": 5, "title": f"Says {mark}", "text": f"{mark} likes it."}
    assert client.post(f"{API}products/{bought.product_id}/reviews/", review).status_code == 201
    assert client.post(f"{API}products/{gone.product_id}/alerts/").status_code == 201
    assert client.post(f"{API}wishlist/items/{gone.product_id}/").status_code == 201


def _meet_staff(person: Person) -> None:
    staff = SuperuserFactory()
    LogEntry.objects.create(
        user=staff,
        content_type=ContentType.objects.get_for_model(User),
        object_id=str(person.user.pk),
        object_repr=str(person.user),
        action_flag=CHANGE,
        change_message='[{"changed": {"fields": ["Email"]}}]',
    )
    changes: dict[str, Any] = {"first_name": f"Adele {person.mark}"}
    use_case(
        services.change_account,
        actor_id=staff.pk,
        user_id=person.user.pk,
        changes=changes,
        now=timezone.now(),
    )
    known = {"external_id": f"crm-{person.mark}", "metadata": {"crm": person.mark}}
    User.objects.filter(pk=person.user.pk).update(**known)
    first = Order.objects.filter(user=person.user).first()
    assert first is not None
    Order.objects.filter(pk=first.pk).update(**known)


def work() -> None:
    """Hand out events and send mail until nothing is left to do."""
    while rows := list(OutboxEvent.objects.filter(published_at__isnull=True).order_by("pk")):
        LocalBackend().send(rows)
        OutboxEvent.objects.filter(pk__in=[row.pk for row in rows]).update(published_at=timezone.now())
    payments.send_refunds(now=timezone.now())
    payments.cancel_intents(now=timezone.now())
    sender.send_due(now=timezone.now())
    for model in (ParkedEvent, DeadLetter):
        assert list(model.objects.values_list("type", "error")) == []


# The table of docs/privacy.md.


@dataclass(frozen=True)
class Column:
    """What the table says of one column."""

    name: str
    exported: bool
    erasure: str

    @property
    def model(self) -> type[models.Model]:
        return apps.get_model(self.name.rpartition(".")[0])

    @property
    def field(self) -> Any:
        return self.model._meta.get_field(self.name.rpartition(".")[2])

    @property
    def place(self) -> str:
        """Where it is in the database."""
        return f"{self.model._meta.db_table}.{self.field.column}"


def documented() -> list[Column]:
    """Return the columns that the table names, in its order."""
    _, _, table = (ROOT / "docs" / "privacy.md").read_text().partition("## What is held")
    found = []
    for cells in re.findall(r"^\| (`.+?) \|(.+?)\|(.+?)\|(.+?)\|$", table, re.MULTILINE):
        first, *others = re.findall(r"`([\w.]+)`", cells[0])
        model = first.rpartition(".")[0]
        exported, erasure = cells[2].strip(), cells[3].strip()
        found += [
            Column(name, exported == "yes", erasure)
            for name in (first, *(f"{model}{other}" for other in others))
        ]
    return found


def places_of(*texts: str) -> dict[str, set[str]]:
    """Return in which columns of the whole database each of these texts occurs, in any case."""
    found: dict[str, set[str]] = defaultdict(set)
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            names = [column[0] for column in cursor.description]
            for row in cursor.fetchall():
                for name, value in zip(names, row, strict=True):
                    written = str(value).lower()
                    for text in texts:
                        if text.lower() in written:
                            found[text].add(f"{table}.{name}")
    return dict(found)


def all_keys() -> dict[str, set[Any]]:
    """Return the keys of every row of every model."""
    return {
        model._meta.label: set(model._default_manager.values_list("pk", flat=True)) for model in _models()
    }


def _models() -> list[type[models.Model]]:
    return [model for model in apps.get_models() if ".tests." not in model.__module__]


def sell() -> None:
    """Let the shop sell to where these people live."""
    selling("NL")
    # Counted for each customer, hence on record.
    promotion(max_uses_each=9)
