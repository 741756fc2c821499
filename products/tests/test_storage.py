"""Pictures in a bucket that speaks S3: stored there, taken away again, and nothing by halves."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from products import selectors, services
from products.models import Product, ProductImage
from products.tests.factories import NOW, product
from products.tests.fake_s3 import FakeS3, fake_s3
from products.tests.uploads import picture
from shop import env
from shop.core.errors import Unavailable
from users.tests.clients import client_of
from users.tests.factories import StaffFactory

pytestmark = pytest.mark.once
KEYS = ("the-id", "the-secret")


def configured(monkeypatch, url: str, *, keys: tuple[str, str] = KEYS):
    monkeypatch.setenv("MEDIA_STORAGE", url)
    return env.media_storage("MEDIA_STORAGE", keys=keys)


@pytest.fixture
def store():
    with fake_s3() as running:
        yield running


@pytest.fixture
def bucket(store, settings, monkeypatch) -> FakeS3:
    url = f"s3://pictures?endpoint={store.address}&public_url=https://cdn.shop.example/p/&path_style=1"
    settings.STORAGES = {**settings.STORAGES, "default": configured(monkeypatch, url)}
    return store


@pytest.fixture
def made(transactional_db) -> Product:
    return product()


def upload(made: Product) -> ProductImage:
    return services.upload_image(
        product_id=made.pk, upload=io.BytesIO(picture()), alt="A lamp", actor_id=None, now=NOW
    )


class TestBucket:
    def test_keeps_a_picture_with_its_smaller_ones(self, made, bucket):
        kept = upload(made)

        files = [kept.file, *(one["file"] for one in kept.thumbnails)]
        assert [one["width"] for one in kept.thumbnails] == [320, 640, 1280]
        assert set(bucket.objects) == {f"/pictures/{file}" for file in files}
        for path, content in bucket.objects.items():
            assert (content[:4], content[8:12]) == (b"RIFF", b"WEBP")
            said = bucket.headers[path]
            assert (said["Content-Type"], said["Cache-Control"]) == (
                "image/webp",
                "public, max-age=31536000, immutable",
            )
            assert "x-amz-acl" not in said
        assert selectors.image_url(kept.file) == f"https://cdn.shop.example/p/{kept.file}"

    def test_lets_go_of_them(self, made, bucket):
        kept = upload(made)

        services.delete_image(product_id=made.pk, image_id=kept.pk, actor_id=None, now=NOW)

        assert bucket.objects == {}

    def test_that_refuses_is_a_named_503_and_leaves_nothing(self, made, bucket):
        bucket.refuses_from = 3
        staff = client_of(StaffFactory(permissions=["products.add_productimage"]))

        answer = staff.post(
            f"/api/v1/products/{made.pk}/images/",
            {"image": ContentFile(picture(), "a.png")},
            format="multipart",
        )

        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert answer.headers["Retry-After"] == "60"
        assert (bucket.puts, bucket.objects) == (3, {})
        assert not ProductImage.objects.exists()

    def test_that_is_away_is_said_so(self, made, settings, monkeypatch):
        with fake_s3() as gone:
            address = gone.address
        url = f"s3://pictures?endpoint={address}&path_style=1"
        settings.STORAGES = {**settings.STORAGES, "default": configured(monkeypatch, url)}

        with pytest.raises(Unavailable):
            upload(made)

        assert not ProductImage.objects.exists()

    def test_behaves_as_a_disk_does(self, bucket):
        name = default_storage.save("a.txt", ContentFile(b"hello"))

        assert (default_storage.exists(name), default_storage.size(name)) == (True, 5)
        with default_storage.open(name) as opened:
            assert opened.read() == b"hello"
        default_storage.delete(name)
        assert default_storage.exists(name) is False
        with pytest.raises(FileNotFoundError):
            default_storage.open(name)
        default_storage.delete(name)


class TestSetting:
    @pytest.mark.parametrize(
        ("url", "address"),
        [
            ("s3://pics?region=eu-central-1", "https://pics.s3.eu-central-1.amazonaws.com"),
            ("s3://pics?region=eu-central-1&path_style=1", "https://s3.eu-central-1.amazonaws.com/pics"),
            ("s3://pics?endpoint=https://fsn1.store.example/", "https://pics.fsn1.store.example"),
            ("s3://pics?endpoint=http://minio:9000&path_style=1", "http://minio:9000/pics"),
            ("s3://pics?region=eu-central-1&public_url=https://cdn.example/", "https://cdn.example"),
        ],
    )
    def test_says_where_the_public_finds_them(self, monkeypatch, url, address):
        assert configured(monkeypatch, url)["OPTIONS"]["base_url"] == address

    @pytest.mark.parametrize(
        "url",
        [
            "https://pics", "s3://", "s3://ab", "s3://Pics?region=a", "s3://pics", "s3://pics/folder?region=a",
            "s3://pics?region=a&acl=public", "s3://pics?region=a&region=b", "s3://pics?region",
            "s3://pics?endpoint=minio:9000", "s3://pics?endpoint=https://id:secret@minio", "s3://[pics?region=a",
            "s3://pics?region=a&path_style=yes", "s3://pics?region=a&public_url=//cdn",
        ],
    )  # fmt: skip
    def test_that_can_not_be_read_is_named(self, monkeypatch, url):
        with pytest.raises(ImproperlyConfigured, match="MEDIA_STORAGE"):
            configured(monkeypatch, url)

    def test_half_a_key_is_refused(self, monkeypatch):
        with pytest.raises(ImproperlyConfigured, match="AWS_SECRET_ACCESS_KEY together"):
            configured(monkeypatch, "s3://pics?region=a", keys=("the-id", ""))

    def test_loads_what_it_needs_where_it_is_set_and_only_there(self, tmp_path):
        look = (
            "import sys, shop.wsgi; from django.conf import settings; "
            "from django.core.files.storage import default_storage; "
            "print(default_storage.url('a.webp'), settings.MEDIA_URL, 'boto3' in sys.modules)"
        )
        for url, said in (
            ("", "/media/a.webp /media/ False"),
            ("s3://pics?region=eu-1", "https://pics.s3.eu-1.amazonaws.com/a.webp "
             "https://pics.s3.eu-1.amazonaws.com/ True"),
        ):  # fmt: skip
            done = subprocess.run(
                [sys.executable, "-c", look],
                cwd=django_settings.BASE_DIR,
                env={"PATH": os.environ["PATH"], "SHOP_DATA": str(tmp_path), "MEDIA_STORAGE": url},
                capture_output=True,
                text=True,
                timeout=110,
                check=False,
            )
            assert (done.stderr, done.stdout.strip()) == ("", said)

    def test_admin_pages_may_show_what_lies_there(self, client, db, settings):
        assert (
            "img-src 'self' data: blob:; " in client.get("/admin/login/").headers["Content-Security-Policy"]
        )

        settings.MEDIA_URL = "https://cdn.shop.example/p/"
        policy = type(client)().get("/admin/login/").headers["Content-Security-Policy"]

        assert "img-src 'self' data: blob: https://cdn.shop.example; " in policy
