"""The reminder of a cart that was left: who gets it, who doesn't, and what it says."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage as ParsedMessage
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from cart import services as carts
from cart.models import Cart
from cart.tests.factories import filled, shopper
from cart.upkeep import announce_abandoned_carts
from notifications import sender, services, unsubscribing
from notifications.models import EmailMessage
from notifications.tests.conftest import Script
from notifications.tests.test_rendering import seen
from notifications.unsubscribing import Subscription
from products import services as catalogue
from products.models import Variant
from products.tests.factories import variant
from shop.events.local import LocalBackend
from shop.events.models import DeadLetter, OutboxEvent, ParkedEvent
from users import services as users
from users.models import User
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db

AFTER = timedelta(hours=4)
CLIENT = users.Client(address="203.0.113.77", user_agent="pytest")


@pytest.fixture(autouse=True)
def outbox(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.SHOP_URL, settings.STOREFRONT_URL = "https://shop.example", "https://store.example"


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def lamp(now: datetime) -> Variant:
    made = variant(now=now, price=4450, options={"Shade": "Linen"})
    made.product.name = "Desk lamp"
    made.product.save()
    return made


def customer(**fields: Any) -> User:
    """Return somebody with a confirmed address who agrees to marketing."""
    made = UserFactory(**{"email_verified_at": timezone.now()} | fields)
    say(made, granted=True)
    return made


def say(user: User, *, granted: bool, purpose: str = "marketing") -> None:
    said = users.Said(purpose=purpose, granted=granted, source="account page")
    users.record_consent(user_id=user.pk, said=said, client=CLIENT, now=timezone.now())


def leave(user: Any, *variants: Variant, now: datetime, quantity: int = 1) -> Cart:
    """Return a cart that was left as long ago as is needed."""
    cart = filled(shopper(user), *variants, quantity=quantity, now=now)
    assert cart.id is not None
    Cart.objects.filter(pk=cart.id).update(updated_at=now - AFTER)
    return Cart.objects.get(pk=cart.id)


def announce(now: datetime) -> None:
    """Announce what was left, and let the handlers hear of it."""
    announce_abandoned_carts(now=now)
    while rows := list(OutboxEvent.objects.filter(published_at__isnull=True).order_by("pk")):
        LocalBackend().send(rows)
        OutboxEvent.objects.filter(pk__in=[row.pk for row in rows]).update(published_at=timezone.now())
    for model in (ParkedEvent, DeadLetter):
        assert list(model.objects.values_list("type", "error")) == []


def reminders() -> list[EmailMessage]:
    return list(EmailMessage.objects.filter(template="cart_abandoned"))


def send() -> None:
    sender.send_due(now=timezone.now() + timedelta(seconds=1))


class TestWhoGetsIt:
    def test_a_customer_who_agreed(self, lamp: Variant, now: datetime) -> None:
        ada = customer()
        cart = leave(ada, lamp, now=now)

        announce(now)

        (message,) = reminders()
        assert (message.recipient_kind, message.recipient_ref) == ("user", str(ada.pk))
        assert message.context_ref == {"cart": str(cart.pk), "version": cart.version}
        assert message.order_id is None

    def test_once_a_cart(self, lamp: Variant, now: datetime) -> None:
        ada = customer()
        leave(ada, lamp, now=now)
        announce(now)
        leave(ada, lamp, now=now)

        announce(now)

        assert len(reminders()) == 1

    def test_no_guest(self, lamp: Variant, now: datetime) -> None:
        leave(None, lamp, now=now)

        announce(now)

        assert OutboxEvent.objects.filter(type="cart.cart_abandoned.v1").count() == 1
        assert reminders() == []

    def test_nobody_who_never_agreed_or_took_it_back(self, lamp: Variant, now: datetime) -> None:
        never, agreed_to_another, took_it_back = (
            UserFactory(email_verified_at=now),
            UserFactory(email_verified_at=now),
            customer(),
        )
        say(agreed_to_another, granted=True, purpose="terms")
        say(took_it_back, granted=False)
        for person in (never, agreed_to_another, took_it_back):
            leave(person, lamp, now=now)

        announce(now)

        assert reminders() == []

    def test_nobody_whose_address_may_be_somebody_elses(self, lamp: Variant, now: datetime) -> None:
        leave(customer(email_verified_at=None), lamp, now=now)

        announce(now)

        assert reminders() == []

    def test_nobody_who_came_back_before_the_event_was_heard(self, lamp: Variant, now: datetime) -> None:
        ada = customer()
        leave(ada, lamp, now=now)
        announce_abandoned_carts(now=now)
        filled(shopper(ada), lamp, now=now)

        announce(now)

        assert reminders() == []


class TestWhatIsLookedAtAgain:
    """Between the event and the mail there may be hours; what no longer holds is given up with its reason."""

    def owed(self, lamp: Variant, now: datetime) -> User:
        ada = customer()
        leave(ada, lamp, now=now)
        announce(now)
        assert len(reminders()) == 1
        return ada

    def given_up(self) -> str:
        send()
        assert mail.outbox == []
        (message,) = reminders()
        assert message.state == "dead"
        return message.error

    def test_the_consent(self, lamp: Variant, now: datetime) -> None:
        say(self.owed(lamp, now), granted=False)

        assert self.given_up() == "They don't agree to marketing."

    def test_the_address(self, lamp: Variant, now: datetime) -> None:
        self.owed(lamp, now)
        User.objects.update(email_verified_at=None)

        assert self.given_up() == "The address was never confirmed."

    def test_the_account(self, lamp: Variant, now: datetime) -> None:
        self.owed(lamp, now)
        User.objects.update(is_active=False)

        assert self.given_up() == "The account is erased or closed."

    @pytest.mark.parametrize(
        "values",
        [
            {"status": "converted", "converted_at": datetime(2026, 11, 24, tzinfo=UTC)},
            {"status": "expired"},
            {"version": 9},
        ],
    )
    def test_the_cart(self, lamp: Variant, now: datetime, values: dict[str, Any]) -> None:
        self.owed(lamp, now)
        Cart.objects.update(**values)

        assert self.given_up() == "The cart was ordered, changed or emptied meanwhile."

    def test_another_cart_that_was_opened_meanwhile(self, lamp: Variant, now: datetime) -> None:
        ada = self.owed(lamp, now)
        Cart.objects.update(status="expired")
        filled(shopper(ada), lamp, now=now)

        assert self.given_up() == "The cart was ordered, changed or emptied meanwhile."

    def test_an_emptied_cart(self, lamp: Variant, now: datetime) -> None:
        ada = self.owed(lamp, now)
        carts.clear(owner=shopper(ada).owner, now=now)

        assert self.given_up() == "The cart was ordered, changed or emptied meanwhile."

    def test_the_catalogue(self, lamp: Variant, now: datetime) -> None:
        self.owed(lamp, now)
        catalogue.archive_product(product_id=lamp.product_id, actor_id=None, now=now)

        assert self.given_up() == "Nothing in the cart can be bought any more."

    def test_stock(self, now: datetime) -> None:
        made = variant(now=now, on_hand=1)
        self.owed(made, now)
        catalogue.adjust_stock(variant_id=made.pk, delta=-1, reason="lost", actor_id=None, now=now)

        assert self.given_up() == "Nothing in the cart can be bought any more."

    def test_staff_cannot_send_it_against_the_will_of_its_recipient(
        self, lamp: Variant, now: datetime
    ) -> None:
        ada = self.owed(lamp, now)
        send()
        mail.outbox.clear()
        say(ada, granted=False)

        services.resend(message_id=reminders()[0].pk, actor_id=None, now=now)
        send()

        assert mail.outbox == []


class TestLetter:
    def test_shows_what_is_left_at_what_it_costs_now(self, lamp: Variant, now: datetime) -> None:
        leave(customer(), lamp, variant(now=now, price=900), now=now, quantity=2)
        announce(now)
        catalogue.set_price(variant_id=lamp.pk, amount=4000, currency="EUR", now=now)

        send()

        (letter,) = mail.outbox
        assert letter.subject == "Your cart at Fern & Oak"
        assert "* Desk lamp\n  Shade: Linen\n  2 × €40.00: €80.00\n* " in letter.body
        assert "\n  2 × €9.00: €18.00\n" in letter.body
        assert "Open my cart:\nhttps://store.example/cart/\n" in letter.body
        assert "44.50" not in letter.body

    def test_leaves_out_what_is_gone(self, lamp: Variant, now: datetime) -> None:
        gone = variant(now=now)
        leave(customer(), lamp, gone, now=now)
        announce(now)
        catalogue.archive_product(product_id=gone.product_id, actor_id=None, now=now)

        send()

        (letter,) = mail.outbox
        assert letter.body.count("\n* ") == 1
        assert "* Desk lamp\n" in letter.body

    def test_is_in_the_language_of_the_cart(self, lamp: Variant, now: datetime) -> None:
        said = {"name": "Schreibtischlampe", "options": {"Linen": "Leinen"}}
        catalogue.write_product_text(
            product_id=lamp.product_id, language="de", said=said, actor_id=None, now=now
        )
        cart = leave(customer(language="en", first_name="Ana"), lamp, now=now)
        Cart.objects.filter(pk=cart.pk).update(language="de")
        announce(now)

        send()

        (letter,) = mail.outbox
        assert letter.subject == "Ihr Warenkorb bei Fern & Oak"
        assert "Guten Tag Ana" in letter.body
        assert "* Schreibtischlampe\n  Shade: Leinen\n  1 × 44,50\xa0€: 44,50\xa0€\n" in letter.body
        assert EmailMessage.objects.get().language == "de"

    def test_has_no_button_without_a_storefront(self, settings: Any, lamp: Variant, now: datetime) -> None:
        settings.STOREFRONT_URL = ""
        leave(customer(), lamp, now=now)
        announce(now)

        send()

        (letter,) = mail.outbox
        assert "Open my cart" not in letter.body
        assert "https://shop.example/account/unsubscribe/" in letter.body

    def test_keeps_what_it_shows_of_the_catalogue_to_itself(self, lamp: Variant, now: datetime) -> None:
        lamp.product.name = "<script>alert(1)</script>\n& co"
        lamp.product.save()
        leave(customer(), lamp, now=now)
        announce(now)

        send()

        letter: Any = mail.outbox[0]
        html = str(letter.alternatives[0][0])
        assert "<script>" not in html
        assert "* <script>alert(1)</script> & co\n" in letter.body


def link_in(message: ParsedMessage) -> str:
    """Return the link of the header, which is too long for one line."""
    (link,) = re.findall(r"^\s*<(.+)>$", str(message["List-Unsubscribe"]))
    return str(link)


class TestUnsubscribing:
    def sent(self, server: Script, lamp: Variant, now: datetime) -> tuple[User, ParsedMessage]:
        ada = customer()
        leave(ada, lamp, now=now)
        announce(now)
        send()
        (message,) = server.taken
        return ada, message

    def test_has_the_headers_that_mail_programs_look_for(
        self, server: Script, lamp: Variant, now: datetime
    ) -> None:
        ada, message = self.sent(server, lamp, now)

        token = unsubscribing.token_of(Subscription(user_id=ada.pk, purpose="marketing"))
        assert link_in(message) == f"https://shop.example/account/unsubscribe/{token}/"
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"

    def test_says_the_link_in_both_parts(self, server: Script, lamp: Variant, now: datetime) -> None:
        _, message = self.sent(server, lamp, now)

        url = link_in(message)
        text, html = message.get_body(("plain",)), message.get_body(("html",))
        assert text is not None
        assert html is not None
        assert f"Unsubscribe:\n{url}\n" in text.get_content().replace("\r\n", "\n")
        assert url in seen(html.get_content()).links

    def test_by_one_post_of_the_header_ends_it(
        self, server: Script, lamp: Variant, now: datetime, client: Any
    ) -> None:
        ada, message = self.sent(server, lamp, now)
        path = link_in(message).removeprefix("https://shop.example")

        assert client.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200

        Cart.objects.update(status="expired")
        leave(ada, lamp, now=now)
        announce(now)
        send()
        assert len(server.taken) == 1

    def test_stands_in_no_mail_about_an_account_or_order(self, server: Script) -> None:
        users.request_password_reset(email=customer().email, client=CLIENT, now=timezone.now())
        announce(timezone.now())
        send()

        (message,) = server.taken
        assert message["List-Unsubscribe"] is None
        assert message["List-Unsubscribe-Post"] is None
