"""The pages that mailed links open."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from users import selectors
from users.tests.clients import sign_in_as
from users.tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

NEW = "violet kettle on a roof"


@pytest.fixture
def browser():
    """A browser that sends cookies and is asked for its CSRF token."""
    return Client(enforce_csrf_checks=True)


def reset_path(user) -> str:
    link = selectors.reset_link_parts(user, now=timezone.now())
    return f"/account/reset/{link.uid}/{link.token}/"


def verify_path(user) -> str:
    link = selectors.verification_link_parts(user, now=timezone.now())
    return f"/account/verify/{link.uid}/{link.token}/"


def passwords(page, first: str, second: str) -> dict[str, str]:
    return {
        "new_password1": first, "new_password2": second, "csrfmiddlewaretoken": page.context["csrf_token"],
    }  # fmt: skip


class TestResetPage:
    def test_leaves_the_address_with_the_token(self, browser):
        path = reset_path(UserFactory())

        response = browser.get(path)

        assert response.status_code == 302
        assert response.headers["Location"].endswith("/set-password/")
        assert response.headers["Referrer-Policy"] == "no-referrer"
        page = browser.get(response.headers["Location"])
        assert page.status_code == 200
        assert path.rstrip("/").rpartition("/")[2] not in page.content.decode()
        # Sent to this host only; "no-referrer" would take the Origin from the form, and Django then refuses it.
        assert page.headers["Referrer-Policy"] == "same-origin"
        assert page.headers["Cache-Control"].find("no-store") >= 0

    def test_sets_the_password(self, browser):
        user = UserFactory()
        opened = sign_in_as(user)
        page = browser.get(reset_path(user), follow=True)

        done = browser.post(page.request["PATH_INFO"], passwords(page, NEW, NEW))

        assert (done.status_code, done.headers["Location"]) == (302, "/account/reset/done/")
        assert b"Your password is set" in browser.get("/account/reset/done/").content
        user.refresh_from_db()
        assert user.check_password(NEW)
        assert selectors.living_session(opened.session_id, now=timezone.now()) is None
        again = browser.post(page.request["PATH_INFO"], passwords(page, PASSWORD, PASSWORD))
        assert b"no longer valid" in again.content
        assert not user.check_password(PASSWORD)

    @pytest.mark.parametrize(
        ("first", "second", "says"),
        [("short", "short", "too short"), (NEW, "other", "match"), ("x" * 200, "x" * 200, "errors")],
    )
    def test_says_what_is_wrong_and_lets_try_again(self, browser, first, second, says):
        user = UserFactory()
        page = browser.get(reset_path(user), follow=True)

        refused = browser.post(page.request["PATH_INFO"], passwords(page, first, second))

        assert refused.status_code == 200
        assert says in refused.content.decode()
        assert b'aria-invalid="true"' in refused.content
        user.refresh_from_db()
        assert user.check_password(PASSWORD)
        done = browser.post(page.request["PATH_INFO"], passwords(page, NEW, NEW))
        assert done.status_code == 302

    def test_refuses_a_form_from_elsewhere(self, browser):
        user = UserFactory()
        page = browser.get(reset_path(user), follow=True)

        refused = browser.post(page.request["PATH_INFO"], {"new_password1": NEW, "new_password2": NEW})

        assert refused.status_code == 403
        user.refresh_from_db()
        assert user.check_password(PASSWORD)

    def test_shows_that_the_link_was_used_meanwhile(self, browser):
        user = UserFactory()
        page = browser.get(reset_path(user), follow=True)
        user.set_password("somebody was faster")
        user.save()

        refused = browser.post(page.request["PATH_INFO"], passwords(page, NEW, NEW))

        assert b"no longer valid" in refused.content

    @pytest.mark.parametrize("path", ["x/y-z/", "x/set-password/", "%C3%A9/%C3%A9-1/"])
    def test_knows_a_link_that_is_none(self, browser, path):
        response = browser.get(f"/account/reset/{path}")

        assert response.status_code == 200
        assert b"no longer valid" in response.content
        assert b"<form" not in response.content


class TestVerifyPage:
    def test_asks_before_it_verifies(self, browser):
        user = UserFactory()

        page = browser.get(verify_path(user))

        assert page.status_code == 200
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert b"<button" in page.content
        user.refresh_from_db()
        assert user.email_verified_at is None

    def test_verifies_once(self, browser):
        user = UserFactory()
        path = verify_path(user)

        assert b"is confirmed" in browser.post(path).content
        assert b"no longer valid" in browser.post(path).content
        user.refresh_from_db()
        assert user.email_verified

    def test_says_when_it_was_too_often(self, browser, settings):
        cache.clear()
        settings.LIMITS_FACTOR = 1
        for _ in range(60):
            browser.post("/account/verify/x/y/")

        assert b"Not just now" in browser.post(verify_path(UserFactory())).content


@pytest.mark.parametrize(
    "make", [verify_path, lambda user: "/account/reset/x/y/", lambda user: "/account/reset/done/"]
)
def test_pages_load_nothing_and_say_what_they_are(browser, make):
    page = browser.get(make(UserFactory())).content.decode()

    assert '<html lang="en">' in page
    assert "<main>" in page
    assert "<h1>" in page
    for elsewhere in ("<script", "<img", "<link", "http://", "https://", "url("):
        assert elsewhere not in page
