"""Fetching pictures: from the public web alone, whatever a file says."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from products.importing.fetching import WEB, NotFetched, Reach, fetch, fetch_images, is_public
from products.models import Product, ProductImage
from products.tests.factories import NOW, image, product
from products.tests.uploads import SVG, picture

PNG = picture(size=(8, 6))


class Site(BaseHTTPRequestHandler):
    """A site with a picture, and what else may be met on the web."""

    def do_GET(self) -> None:
        # Names end up here whatever they are; what was asked for is kept.
        self.server.asked.append((self.headers["Host"], self.path))  # type: ignore[attr-defined]
        status, headers, body = {
            "/a.png": (200, {}, PNG),
            "/moved": (302, {"Location": "/a.png"}, b""),
            "/inside": (302, {"Location": "http://169.254.169.254/latest/meta-data/"}, b""),
            "/file": (302, {"Location": "file:///etc/passwd"}, b""),
            "/round": (302, {"Location": "/round"}, b""),
            "/large": (200, {}, b"x" * (10 * 1024 * 1024 + 1)),
            "/svg": (200, {}, SVG),
        }.get(self.path, (404, {}, b""))
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None: ...


@pytest.fixture
def site() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.asked = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


# As if this machine were on the public web under a name, and nothing else were.
HERE = Reach(
    resolve=lambda host, port: ["127.0.0.1" if host == "shop.example" else "10.0.0.1"],
    allows=lambda address: address == "127.0.0.1",
)


@pytest.mark.once
class TestAddresses:
    @pytest.mark.parametrize(
        "address",
        [
            "127.0.0.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
            "224.0.0.1", "255.255.255.255", "240.0.0.1", "::1", "::", "fe80::1%eth0", "fc00::1", "ff02::1",
            "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:7f00:1::",
        ],
    )  # fmt: skip
    def test_inside_ones_are_not_public(self, address: str):
        assert not is_public(address)

    @pytest.mark.parametrize("address", ["93.184.216.34", "2606:4700::6810:84e5", "::ffff:93.184.216.34"])
    def test_public_ones_are(self, address: str):
        assert is_public(address)

    @pytest.mark.parametrize(
        "url",
        [
            "http://127.0.0.1/", "http://localhost/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://2130706433/",
            "http://0x7f.1/", "http://169.254.169.254/latest/meta-data/", "http://10.0.0.1:8080/", "file:///etc/passwd",
            "ftp://shop.example/a", "http://user@shop.example/", "http:///a", "http://[::1/", "//shop.example/a", "",
        ],
    )  # fmt: skip
    def test_nobody_is_asked_inside(self, url: str, monkeypatch: pytest.MonkeyPatch):
        asked: list[Any] = []
        monkeypatch.setattr("socket.create_connection", lambda *args: asked.append(args))
        with pytest.raises(NotFetched):
            fetch(url, reach=WEB)
        assert asked == []

    def test_every_address_of_a_name_counts(self):
        both = Reach(resolve=lambda host, port: ["93.184.216.34", "127.0.0.1"], allows=is_public)
        with pytest.raises(NotFetched, match="Only addresses of the public web"):
            fetch("http://shop.example/a.png", reach=both)


@pytest.mark.once
class TestFetch:
    def test_connects_to_the_address_that_was_looked_at(self, site):
        port = site.server_address[1]
        names = iter([["127.0.0.1"], ["10.0.0.1"]])
        rebinding = Reach(resolve=lambda host, port: next(names), allows=HERE.allows)

        assert fetch(f"http://shop.example:{port}/a.png", reach=rebinding) == PNG

        assert site.asked == [(f"shop.example:{port}", "/a.png")]

    @pytest.mark.parametrize(
        ("path", "reason"),
        [
            ("/gone", "The answer is 404."),
            ("/large", "A picture may have 10 MB."),
            ("/inside", "Only addresses of the public web are fetched."),
            ("/file", "Only http and https are fetched."),
            ("/round", "It moves on and on."),
        ],
    )
    def test_says_why_not(self, site, path: str, reason: str):
        with pytest.raises(NotFetched) as refusal:
            fetch(f"http://shop.example:{site.server_address[1]}{path}", reach=HERE)
        assert str(refusal.value) == reason

    def test_follows_where_a_picture_has_moved(self, site):
        assert fetch(f"http://shop.example:{site.server_address[1]}/moved", reach=HERE) == PNG

    def test_a_closed_door_is_no_answer(self, site):
        with pytest.raises(NotFetched, match="There is no answer"):
            fetch("http://shop.example:1/a.png", reach=HERE)


@pytest.mark.django_db
def test_products_without_pictures_get_theirs(site, tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path
    base = f"http://shop.example:{site.server_address[1]}"
    lamp, chair, old = product(slug="lamp"), product(slug="chair"), product(slug="old")
    image(old)
    named = [(f"{base}/a.png", "Front"), (f"{base}/gone", ""), (f"{base}/svg", ""), (f"{base}/moved", "")]
    sources = [{"url": url, "alt": alt} for url, alt in named]
    Product.objects.filter(pk__in=[lamp.pk, old.pk]).update(image_sources=sources)
    Product.objects.filter(pk=chair.pk).update(image_sources=[{"url": "http://10.0.0.1/", "alt": ""}])

    found = fetch_images(actor_id=None, now=NOW, reach=HERE)

    assert (found.products, found.pictures, found.problem_count) == (2, 2, 3)
    assert [(p.product, p.reason) for p in found.problems] == [
        ("lamp", "The answer is 404."),
        ("lamp", "This is no JPEG, PNG or WebP that can be read."),
        ("chair", "Only addresses of the public web are fetched."),
    ]
    shown = ProductImage.objects.filter(product=lamp).order_by("position").values_list("alt", "width")
    assert list(shown) == [("Front", 8), ("", 8)]
    assert fetch_images(actor_id=None, now=NOW, reach=HERE).products == 1
