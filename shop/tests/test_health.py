"""Health, numbers, and what only development has."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.conf import settings
from django.db import DatabaseError, connection
from django.test import Client, override_settings

from shop.ops import health
from shop.ops.health import Check


@pytest.fixture(autouse=True)
def _fresh():
    health.forget()
    yield
    health.forget()


def ready(client: Client) -> tuple[int, dict[str, bool]]:
    answer = client.get("/health/ready/")
    return answer.status_code, {name: check["ok"] for name, check in answer.json()["checks"].items()}


class TestLive:
    def test_answers_without_the_database(self, client: Client):
        # No database mark: a query would fail the test.
        assert client.get("/health/live/").json() == {"status": "live"}


@pytest.mark.django_db
class TestReady:
    def test_says_what_is_missing(self, client: Client):
        status, checks = ready(client)

        assert status == 503
        assert checks == {
            "database": True,
            "migrations": True,
            "demo": False,
            "worker": False,
            "stripe": False,
        }

    def test_is_ready_when_all_are_up(self, client: Client, monkeypatch):
        for name in ("_demo", "_worker", "_stripe_fake"):
            monkeypatch.setattr(health, name, lambda: Check(ok=True))

        assert client.get("/health/ready/").json()["status"] == "ready"
        assert ready(client)[0] == 200

    def test_asks_for_no_demo_in_production(self, client: Client):
        with override_settings(PRODUCTION=True):
            assert ready(client) == (200, {"database": True, "migrations": True})

    def test_a_missing_migration_is_not_ready(self, client: Client, monkeypatch):
        monkeypatch.setattr(health, "_known_migrations", lambda: frozenset({("users", "9999_later")}))

        with override_settings(PRODUCTION=True):
            assert ready(client) == (503, {"database": True, "migrations": False})

    def test_a_database_that_is_away_is_named_and_nothing_else(self, client: Client, monkeypatch):
        def away() -> Check:
            raise DatabaseError("could not connect to 10.0.0.7 as shop")

        monkeypatch.setattr(health, "_database", away)

        answer = client.get("/health/ready/")

        assert answer.status_code == 503
        assert answer.json()["checks"]["database"] == {
            "ok": False,
            "detail": "the database doesn't answer (DatabaseError)",
        }

    def test_looks_once_a_second(self, client: Client, django_assert_num_queries):
        with override_settings(PRODUCTION=True):
            client.get("/health/ready/")
            with django_assert_num_queries(0):
                client.get("/health/ready/")


@pytest.mark.django_db
class TestMetrics:
    def test_count_requests_by_route_and_not_by_address(self, client: Client):
        client.get("/problems/not_found/")
        client.get("/no/such/place/zanzibar/")

        text = client.get("/metrics").content.decode()

        assert 'shop_requests_total{method="GET",route="problems/<slug:code>/",status="200"}' in text
        assert "zanzibar" not in text
        assert "shop_outbox_backlog 0.0" in text
        assert "shop_dead_letters 0.0" in text

    def test_an_invented_method_makes_no_new_series(self, client: Client):
        client.generic("BREW", "/health/live/")

        assert "BREW" not in client.get("/metrics").content.decode()

    @pytest.mark.parametrize(
        ("address", "headers", "status"),
        [
            ("127.0.0.1", {}, 200),
            ("::1", {}, 200),
            ("203.0.113.9", {}, 403),
            ("203.0.113.9", {"authorization": "Bearer right-and-long-enough"}, 200),
            ("203.0.113.9", {"authorization": "Bearer wrong"}, 403),
            ("203.0.113.9", {"authorization": "Bearer ünïcode"}, 403),
            ("127.0.0.1", {"x-forwarded-for": "203.0.113.9"}, 403),
        ],
    )
    def test_are_not_for_everybody_in_production(self, address, headers, status, client: Client):
        with override_settings(PRODUCTION=True, METRICS_TOKEN="right-and-long-enough"):
            assert client.get("/metrics", headers=headers, REMOTE_ADDR=address).status_code == status

    def test_an_empty_token_opens_nothing(self, client: Client):
        with override_settings(PRODUCTION=True, METRICS_TOKEN=""):
            answer = client.get("/metrics", headers={"authorization": "Bearer "}, REMOTE_ADDR="203.0.113.9")

        assert answer.status_code == 403


@pytest.mark.django_db
class TestDevelopment:
    def test_says_where_everything_is_as_the_client_reached_it(self, client: Client):
        found = client.get("/dev/", headers={"host": "localhost:8123"}).json()

        assert found["mailbox"] == "http://localhost:8123/dev/mailbox/"
        assert found["admin"] == "http://localhost:8123/admin/"
        assert found["docs"] == "http://localhost:8123/api/docs/"
        assert found["schema"] == "http://localhost:8123/api/v1/schema/"
        assert found["stripe_api"] == f"http://localhost:{settings.STRIPE_FAKE_PORT}"
        assert found["three_d_secure"]["url"] == f"{found['stripe_api']}/v1/payment_intents/{{id}}/_3ds"

    def test_names_the_demos_sign_ins(self, client: Client, tmp_path: Path):
        who = {name: {"email": f"{name}@shop.example", "password": "x"} for name in ("admin", "customer")}
        (tmp_path / "demo.json").write_text(json.dumps(who))

        with override_settings(SHOP_DATA=tmp_path):
            found = client.get("/dev/").json()

        assert found["sign_ins"] == who
        assert found["customer"] == who["customer"]

    def test_pictures_may_be_cached_and_nothing_else_is_served(self, client: Client, tmp_path: Path):
        (tmp_path / "media").mkdir()
        (tmp_path / "media" / "a.webp").write_bytes(b"picture")
        (tmp_path / "secret_key").write_text("secret")

        with override_settings(MEDIA_ROOT=tmp_path / "media"):
            picture = client.get("/media/a.webp")
            assert b"".join(picture) == b"picture"
            assert picture.headers["Cache-Control"] == "public, max-age=3600"
            for path in ("../secret_key", "%2e%2e/secret_key", "..%2fsecret_key", ""):
                assert client.get(f"/media/{path}").status_code in (400, 404)


@pytest.mark.django_db
class TestDocuments:
    @pytest.mark.parametrize(
        ("path", "accept", "kind"),
        [
            ("/api/v1/schema/", "*/*", "application/vnd.oai.openapi+json"),
            ("/api/v1/schema/", "application/json", "application/json"),
            ("/api/v1/schema/", "application/vnd.oai.openapi+json", "application/vnd.oai.openapi+json"),
            ("/api/v1/schema/", "application/vnd.oai.openapi", "application/vnd.oai.openapi; charset=utf-8"),
            ("/api/v1/schema/?format=yaml", "*/*", "application/vnd.oai.openapi; charset=utf-8"),
            ("/api/docs/", "application/json", "text/html; charset=utf-8"),
        ],
    )
    def test_come_in_the_format_that_is_asked_for(self, path, accept, kind, client: Client):
        answer = client.get(path, headers={"accept": accept})

        assert (answer.status_code, answer.headers["Content-Type"]) == (200, kind)

    def test_the_schema_is_openapi_3_1(self, client: Client):
        assert client.get("/api/v1/schema/").json()["openapi"] == "3.1.1"

    def test_the_page_loads_nothing_from_elsewhere(self, client: Client):
        assert "//cdn" not in client.get("/api/docs/").content.decode()


@pytest.mark.needs_sqlite
@pytest.mark.django_db
def test_the_test_database_is_a_file():
    """Threads of a race each open a connection of their own, which memory would not share."""
    assert Path(connection.settings_dict["NAME"]).name.startswith("test.sqlite3")
