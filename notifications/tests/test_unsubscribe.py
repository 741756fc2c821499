"""The page that takes a consent back: a button for people, one POST for mail programs."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import pytest
from django.core.cache import cache
from django.core.signing import Signer
from django.test import Client
from django.utils import timezone

from notifications import unsubscribing
from notifications.unsubscribing import Subscription
from shop.core.errors import NotFound, Unavailable
from shop.core.transactions import use_case
from users import selectors, services
from users.models import Consent, User
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db

CLIENT = services.Client(address="203.0.113.77", user_agent="pytest")
NOBODY = UUID("018f0000-0000-7000-8000-000000000001")
ENGLISH = re.compile(r"\b(you|your|the)\b", re.IGNORECASE)
GERMAN = re.compile(r"\b(Sie|Ihre?n?|dieser)\b", re.IGNORECASE)


@pytest.fixture(autouse=True)
def fresh_limits() -> None:
    cache.clear()


@pytest.fixture
def browser() -> Client:
    """A browser of somebody who prefers French, and that is asked for its CSRF token."""
    return Client(enforce_csrf_checks=True, headers={"accept-language": "fr, en;q=0.5"})


@pytest.fixture
def ada() -> User:
    made = UserFactory()
    say(made, "marketing", granted=True)
    return made


def say(user: User, purpose: str, *, granted: bool) -> None:
    said = services.Said(purpose=purpose, granted=granted, source="account page")
    services.record_consent(user_id=user.pk, said=said, client=CLIENT, now=timezone.now())


def path_of(user_id: UUID, purpose: str = "marketing") -> str:
    token = unsubscribing.token_of(Subscription(user_id=user_id, purpose=purpose))
    return f"/account/unsubscribe/{token}/"


def rows() -> list[tuple[Any, ...]]:
    return list(Consent.objects.order_by("pk").values_list("user", "purpose", "granted", "source"))


def words(page: Any) -> str:
    return re.sub(r"<style>.*?</style>|<[^>]+>", " ", page.content.decode(), flags=re.DOTALL)


class TestGet:
    def test_shows_a_button_and_changes_nothing(self, browser: Client, ada: User) -> None:
        before = rows()

        for _ in range(2):
            page = browser.get(path_of(ada.pk))
            assert page.status_code == 200
            assert b'<form method="post">' in page.content
        browser.head(path_of(ada.pk))

        assert rows() == before
        assert selectors.has_consent(ada.pk, "marketing")

    def test_keeps_its_address_to_itself(self, browser: Client, ada: User) -> None:
        for page in (browser.get(path_of(ada.pk)), browser.post(path_of(ada.pk))):
            assert page.headers["Referrer-Policy"] == "no-referrer"
            assert "no-store" in page.headers["Cache-Control"]
            assert page.headers["X-Frame-Options"] == "DENY"
            assert "default-src" in page.headers["Content-Security-Policy"]
            assert ada.email not in page.content.decode()

    @pytest.mark.parametrize("language", ["en", "de"])
    @pytest.mark.parametrize("method", ["get", "post"])
    def test_speaks_the_language_of_the_account(self, browser: Client, language: str, method: str) -> None:
        page = getattr(browser, method)(path_of(UserFactory(language=language).pk))

        assert f'<html lang="{language}">' in page.content.decode()
        assert page.headers["Content-Language"] == language
        said = (bool(ENGLISH.search(words(page))), bool(GERMAN.search(words(page))))
        assert said == (language == "en", language == "de")

    def test_speaks_the_language_of_the_browser_where_there_is_no_account(self) -> None:
        page = Client(headers={"accept-language": "de"}).get("/account/unsubscribe/x/")

        assert page.headers["Content-Language"] == "de"
        assert "Dieser Link führt zu nichts" in words(page)


class TestPost:
    @pytest.mark.parametrize(
        ("body", "kind"),
        [
            ("List-Unsubscribe=One-Click", "application/x-www-form-urlencoded"),
            ('--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n',
             "multipart/form-data; boundary=b"),
            ("", "text/plain"),
            ("{", "application/json"),
        ],
    )  # fmt: skip
    def test_takes_the_consent_back_whatever_the_body_says(
        self, browser: Client, ada: User, body: str, kind: str
    ) -> None:
        page = browser.post(path_of(ada.pk), body, content_type=kind)

        assert page.status_code == 200
        assert rows() == [
            (ada.pk, "marketing", True, "account page"),
            (ada.pk, "marketing", False, "unsubscribe link"),
        ]
        assert not selectors.has_consent(ada.pk, "marketing")
        assert not page.cookies

    def test_again_is_200_and_writes_nothing(self, browser: Client, ada: User) -> None:
        for _ in range(120):
            assert browser.post(path_of(ada.pk)).status_code == 200

        assert len(rows()) == 2

    def test_after_agreeing_anew_takes_that_back_too(self, browser: Client, ada: User) -> None:
        browser.post(path_of(ada.pk))
        say(ada, "marketing", granted=True)

        assert browser.post(path_of(ada.pk)).status_code == 200

        assert not selectors.has_consent(ada.pk, "marketing")

    def test_touches_nothing_and_nobody_else(self, browser: Client, ada: User) -> None:
        bob = UserFactory()
        say(bob, "marketing", granted=True)
        say(ada, "terms", granted=True)

        browser.post(path_of(ada.pk))

        assert selectors.has_consent(bob.pk, "marketing")
        assert selectors.has_consent(ada.pk, "terms")

    def test_works_for_an_account_that_is_closed(self, browser: Client, ada: User) -> None:
        User.objects.update(is_active=False)

        assert browser.post(path_of(ada.pk)).status_code == 200

        assert not selectors.has_consent(ada.pk, "marketing")

    def test_is_200_for_one_that_was_erased_or_never_was(self, browser: Client, ada: User) -> None:
        use_case(services.erase_account, user_id=ada.pk, actor_id=ada.pk, now=timezone.now())

        assert browser.post(path_of(ada.pk)).status_code == 200
        assert browser.post(path_of(NOBODY)).status_code == 200

        assert rows() == []

    def test_says_when_the_shop_cannot_just_now(
        self, browser: Client, ada: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def waits(**values: Any) -> None:
            raise Unavailable(retry_after=1)

        monkeypatch.setattr("notifications.pages.accounts.withdraw_consent", waits)

        page = browser.post(path_of(ada.pk))

        assert (page.status_code, page.headers["Retry-After"]) == (503, "1")


def forged(user_id: UUID) -> dict[str, str]:
    """Return tokens that aren't the shop's for this purpose, by what is wrong with them."""
    good = unsubscribing.token_of(Subscription(user_id=user_id, purpose="marketing"))
    said, _, seal = good.rpartition(".")
    return {
        "nothing signed": said,
        "no seal": f"{said}.",
        "another seal": f"{said}.{seal[::-1]}",
        "of somebody else": f"marketing-{NOBODY}.{seal}",
        "of another purpose": f"terms-{user_id}.{seal}",
        "signed for something else": Signer(sep=".").sign(said),
        "signed, and no person": Signer(salt="notifications.unsubscribe", sep=".").sign("marketing"),
        "letters of elsewhere": "märketing",
    }


class TestWrongToken:
    @pytest.mark.parametrize("wrong", sorted(forged(NOBODY)))
    @pytest.mark.parametrize("method", ["get", "post"])
    def test_is_404_and_changes_nothing(self, browser: Client, ada: User, method: str, wrong: str) -> None:
        page = getattr(browser, method)(f"/account/unsubscribe/{forged(ada.pk)[wrong]}/")

        assert page.status_code == 404
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert b"<form" not in page.content
        assert selectors.has_consent(ada.pk, "marketing")

    def test_may_not_be_tried_for_long(self, browser: Client, ada: User, settings: Any) -> None:
        settings.LIMITS_FACTOR = 1
        statuses = [browser.post("/account/unsubscribe/x/").status_code for _ in range(61)]

        assert (set(statuses[:60]), statuses[60]) == ({404}, 429)
        assert int(browser.get("/account/unsubscribe/x/").headers["Retry-After"]) > 0
        # Mail providers use the links of many people from one address.
        assert browser.post(path_of(ada.pk)).status_code == 200

    def test_opens_nothing_under_another_key(self, ada: User, settings: Any) -> None:
        token = unsubscribing.token_of(Subscription(user_id=ada.pk, purpose="marketing"))
        old, settings.SECRET_KEY = settings.SECRET_KEY, "another-key-of-fifty-characters-for-this-test-only-"

        with pytest.raises(NotFound):
            unsubscribing.read(token)

        settings.SECRET_KEY_FALLBACKS = [old]
        assert unsubscribing.read(token) == Subscription(user_id=ada.pk, purpose="marketing")
