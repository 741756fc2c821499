"""Uploading pictures: what is kept, and what is refused without a trace."""

from __future__ import annotations

import io
import resource
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from products import services
from products.errors import GalleryFull
from products.models import Product, ProductImage
from products.tests.factories import NOW, image, product, variant_data
from products.tests.uploads import SVG, archive, bomb, grey_of_sixteen_bits, picture, png_of_size
from shop.audit.models import AuditEntry
from shop.core.errors import NotFound, Unavailable, ValidationFailed
from users.tests.clients import anonymous, client_of
from users.tests.factories import StaffFactory, UserFactory

pytestmark = pytest.mark.once
TEN_MB = 10 * 1024 * 1024


@pytest.fixture(autouse=True)
def media(tmp_path, settings) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


def stored(media: Path) -> list[str]:
    return sorted(str(path.relative_to(media)) for path in media.rglob("*") if path.is_file())


@pytest.fixture
def made(transactional_db) -> Product:
    # A picture is stored outside of any transaction.
    return product()


@contextmanager
def full_after(size: int) -> Iterator[None]:
    """Let this process write so many bytes of a file and no more: the rest fails as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def upload(made: Product, content: bytes, alt: str = "A lamp") -> ProductImage:
    return services.upload_image(
        product_id=made.pk, upload=io.BytesIO(content), alt=alt, actor_id=None, now=NOW
    )


class TestKept:
    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
    def test_is_encoded_anew_in_four_sizes(self, made, media, kind):
        kept = upload(made, picture(kind))

        assert (kept.width, kept.height, kept.alt, kept.position) == (1500, 900, "A lamp", 0)
        assert [(one["width"], one["height"]) for one in kept.thumbnails] == [
            (320, 192),
            (640, 384),
            (1280, 768),
        ]
        files = [kept.file, *(one["file"] for one in kept.thumbnails)]
        assert stored(media) == sorted(files)
        for name, width in zip(files, (1500, 320, 640, 1280), strict=True):
            with Image.open(media / name) as opened:
                assert (opened.format, opened.width) == ("WEBP", width)
                red, _, blue = tuple(opened.convert("RGB").tobytes()[:3])
                assert (red > 200, blue < 60) == (True, True)

    def test_the_first_one_is_the_cover(self, made):
        first, second = upload(made, picture()), upload(made, picture())

        made.refresh_from_db()
        assert (made.cover, second.position) == (first, 1)

    def test_a_small_one_has_no_smaller_ones(self, made):
        assert upload(made, picture(size=(100, 100))).thumbnails == []

    def test_a_huge_one_is_made_smaller(self, made):
        kept = upload(made, picture("JPEG", size=(5000, 2500)))

        assert (kept.width, kept.height) == (2400, 1200)

    def test_what_the_file_says_of_its_maker_is_gone(self, made, media):
        exif = Image.Exif()
        exif[0x010E] = "Taken at Lindenweg 4"
        exif.get_ifd(0x8825)[1] = "N"

        kept = upload(made, picture("JPEG", exif=exif, comment=b"by Ada"))

        for name in stored(media):
            content = (media / name).read_bytes()
            assert b"Lindenweg" not in content
            assert b"Ada" not in content
            with Image.open(media / name) as opened:
                assert dict(opened.getexif()) == {}
        assert kept.width == 1500

    def test_a_camera_held_upright_gives_an_upright_picture(self, made):
        exif = Image.Exif()
        exif[0x0112] = 6

        kept = upload(made, picture("JPEG", size=(300, 200), exif=exif))

        assert (kept.width, kept.height) == (200, 300)

    def test_what_is_transparent_stays_so(self, made, media):
        see_through = Image.new("RGBA", (50, 50), (255, 0, 0, 0))
        out = io.BytesIO()
        see_through.save(out, "PNG")

        kept = upload(made, out.getvalue())

        with Image.open(media / kept.file) as opened:
            assert opened.convert("RGBA").tobytes()[3] == 0

    def test_sixteen_bits_of_grey_stay_grey(self, made, media):
        kept = upload(made, grey_of_sixteen_bits())

        with Image.open(media / kept.file) as opened:
            shades = [opened.convert("L").getpixel((x, 0)) for x in (0, 64, 128, 192)]
        assert shades == pytest.approx([0, 64, 128, 192], abs=3)

    def test_names_are_random(self, made):
        one, other = upload(made, picture()), upload(made, picture())

        assert one.file != other.file
        assert len(Path(one.file).stem) == 32


BAD = {
    "an svg": (SVG, "invalid_image"),
    "html": (b"<html><script>alert(1)</script></html>", "invalid_image"),
    "a gif": (picture("GIF"), "invalid_image"),
    "a bmp": (picture("BMP"), "invalid_image"),
    "nothing": (b"", "invalid_image"),
    "a pdf": (b"%PDF-1.7 " + bytes(100), "invalid_image"),
    "a broken jpeg": (picture("JPEG")[:2000], "invalid_image"),
    "a broken png": (picture("PNG")[:-30], "invalid_image"),
    "a png of 65,000 pixels": (png_of_size(65_000, 65_000), "too_many_pixels"),
    "a strip of 65,000 pixels": (png_of_size(65_000, 10), "too_many_pixels"),
    "a jpeg that is a script": (picture("JPEG") + b"<?php system($_GET['c']); ?>", "invalid_image"),
    "a jpeg with a page in its comment": (
        picture("JPEG", comment=b"<SCRIPT>alert(1)</SCRIPT>"),
        "invalid_image",
    ),
    "a png that is a pdf": (picture("PNG") + b"%PDF-1.7 ", "invalid_image"),
    "a webp that is an archive": (picture("WEBP") + archive(), "invalid_image"),
    "a bomb": (bomb(), "too_many_pixels"),
    "a webp of no size": (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "invalid_image"),
    "more than 10 MB": (picture() + bytes(TEN_MB), "too_large"),
}


class TestRefused:
    @pytest.mark.parametrize("name", BAD)
    def test_quickly_and_without_a_trace(self, made, media, name):
        content, code = BAD[name]
        tracemalloc.start()
        began = time.process_time()

        with pytest.raises(ValidationFailed) as refused:
            upload(made, content)

        took, (_, peak) = time.process_time() - began, tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert [(error.field, error.code) for error in refused.value.errors] == [("image", code)]
        assert stored(media) == []
        assert not ProductImage.objects.exists()
        # Bounds far from what it takes: a decoded bomb would need gigabytes and minutes.
        assert took < 5
        assert peak < 200 * 1024 * 1024

    def test_a_failing_row_takes_its_files_along(self, made, media, monkeypatch):
        def broken(**_values):
            raise RuntimeError("the database is gone")

        monkeypatch.setattr(ProductImage.objects, "create", broken)

        with pytest.raises(RuntimeError):
            upload(made, picture())

        assert stored(media) == []

    def test_a_full_disk_leaves_no_half(self, made, media):
        with full_after(1000), pytest.raises(Unavailable):
            upload(made, picture(size=(1500, 900)))

        assert stored(media) == []
        assert not ProductImage.objects.exists()

    def test_fifty_are_enough(self, made, media):
        for number in range(50):
            image(made, f"{number}.webp")

        with pytest.raises(GalleryFull):
            upload(made, picture(size=(9, 9)))

        assert stored(media) == []
        assert made.images.count() == 50


class TestChanging:
    def test_moves_the_others_out_of_the_way(self, made):
        first, second, third = (image(made, f"{n}.webp") for n in range(3))

        services.change_image(
            product_id=made.pk, image_id=third.pk, changes={"position": 0}, actor_id=None, now=NOW
        )

        assert list(made.images.order_by("position")) == [third, first, second]
        assert list(made.images.order_by("position").values_list("position", flat=True)) == [0, 1, 2]

    def test_chooses_the_cover(self, made):
        image(made, "1.webp")
        second = image(made, "2.webp")

        services.change_image(
            product_id=made.pk, image_id=second.pk, changes={"cover": True}, actor_id=None, now=NOW
        )

        made.refresh_from_db()
        assert made.cover == second

    def test_deleting_the_cover_makes_the_next_one_the_cover_and_takes_the_files(self, made, media):
        first, second = upload(made, picture()), upload(made, picture())

        services.delete_image(product_id=made.pk, image_id=first.pk, actor_id=None, now=NOW)

        made.refresh_from_db()
        assert made.cover == second
        assert stored(media) == sorted([second.file, *(one["file"] for one in second.thumbnails)])
        assert AuditEntry.objects.filter(action="products.image_deleted").count() == 1

    def test_of_another_product_is_not_found(self, made):
        foreign = image(product(), "x.webp")

        for act in (
            lambda: services.change_image(
                product_id=made.pk, image_id=foreign.pk, changes={"alt": "x"}, actor_id=None, now=NOW
            ),
            lambda: services.delete_image(product_id=made.pk, image_id=foreign.pk, actor_id=None, now=NOW),
        ):
            with pytest.raises(NotFound):
                act()
        foreign.refresh_from_db()
        assert foreign.alt == ""


class TestOverHttp:
    @pytest.fixture
    def staff(self, transactional_db):
        return client_of(
            StaffFactory(
                permissions=[f"products.{v}_productimage" for v in ("view", "add", "change", "delete")]
            )
        )

    def post(self, client, made, content, name="lamp.png", **fields):
        file = SimpleUploadedFile(name, content)
        return client.post(
            f"/api/v1/products/{made.slug}/images/", {"image": file, **fields}, format="multipart"
        )

    def test_upload_read_change_delete(self, made, staff):
        answer = self.post(staff, made, picture(), alt="A lamp")

        assert answer.status_code == 201
        kept = answer.json()
        row = ProductImage.objects.get()
        assert answer.headers["Location"] == f"/api/v1/products/{made.slug}/images/{row.pk}/"
        assert kept == {
            "id": row.pk,
            "url": f"http://127.0.0.1:8000/media/{row.file}",
            "width": 1500,
            "height": 900,
            "alt": "A lamp",
            "thumbnails": [
                {
                    "url": f"http://127.0.0.1:8000/media/{t['file']}",
                    "width": t["width"],
                    "height": t["height"],
                }
                for t in row.thumbnails
            ],
            "position": 0,
        }
        shown = anonymous().get(f"/api/v1/products/{made.slug}/").json()
        assert [one["id"] for one in shown["images"]] == [row.pk]
        assert shown["image"]["thumbnails"] == kept["thumbnails"]
        path = f"/api/v1/products/{made.pk}/images/"
        assert staff.get(path).json()["results"] == [kept]
        changed = staff.patch(f"{path}{row.pk}/", {"alt": "Lamp"}, format="json")
        assert changed.json() == {**kept, "alt": "Lamp"}
        assert staff.delete(f"{path}{row.pk}/").status_code == 204
        assert staff.get(path).json()["results"] == []

    @pytest.mark.parametrize(
        ("fields", "status", "code"),
        [
            ({"image": ContentFile(SVG, "a.png")}, 400, "validation_failed"),
            ({"alt": "x"}, 400, "validation_failed"),
            ({"image": "text"}, 400, "validation_failed"),
            ({"image": ContentFile(b"", "a.png")}, 400, "validation_failed"),
            ({"image": ContentFile(picture(), "a.png"), "x": "y"}, 400, "unknown_field"),
            ({"image": ContentFile(bytes(TEN_MB + 100_000), "a.png")}, 413, "body_too_large"),
        ],
    )
    def test_bad_forms_have_names(self, made, media, staff, fields, status, code):
        answer = staff.post(f"/api/v1/products/{made.slug}/images/", fields, format="multipart")

        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert stored(media) == []
        assert not ProductImage.objects.exists()

    @pytest.mark.parametrize(
        ("method", "below", "body", "kind", "status", "code"),
        [
            ("POST", "", b'{"image": "x"}', "application/json", 415, "unsupported_media_type"),
            ("POST", "", b"--x", "multipart/form-data; boundary=y", 400, "validation_failed"),
            ("POST", "", b"abc", "multipart/form-data", 400, "malformed_body"),
            ("PATCH", "1/", b'{"position": -1}', "application/json", 400, "validation_failed"),
            ("PATCH", "999/", b'{"alt": "x"}', "application/json", 404, "not_found"),
            ("DELETE", "999/", b"", "application/json", 404, "not_found"),
        ],
    )
    def test_bad_requests_have_names(self, made, staff, method, below, body, kind, status, code):
        answer = staff.generic(method, f"/api/v1/products/{made.slug}/images/{below}", body, kind)

        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert not ProductImage.objects.exists()

    def test_a_name_never_leaves_the_folder(self, made, media, staff):
        assert self.post(staff, made, picture(), name="../../../etc/passwd.png").status_code == 201

        assert all(name.startswith("products/") for name in stored(media))

    def test_is_staffs(self, made, media):
        for client, status in (
            (anonymous(), 401),
            (client_of(UserFactory()), 403),
            (client_of(StaffFactory()), 403),
        ):
            assert self.post(client, made, picture()).status_code == status
        assert stored(media) == []


class TestOfAVariant:
    @pytest.fixture
    def staff(self, db):
        return client_of(StaffFactory(permissions=["products.add_variant", "products.change_variant"]))

    def test_shows_its_own(self, db, staff):
        made = product(variant_data(options={"Colour": "Red"}))
        own = image(made, "blue.webp")
        body = {"sku": "BLUE", "price": "9.90", "image_id": own.pk, "options": {"Colour": "Blue"}}

        answer = staff.post(f"/api/v1/products/{made.pk}/variants/", body, format="json")

        assert answer.status_code == 201
        pictures = {variant["sku"]: variant["image"] for variant in answer.json()["variants"]}
        assert pictures["BLUE"]["url"] == "http://127.0.0.1:8000/media/blue.webp"

    def test_of_another_product_does_not_exist(self, db, staff):
        made, foreign = product(), image(product(), "x.webp")
        variant = made.variants.get()

        for send in (
            lambda b: staff.post(f"/api/v1/products/{made.pk}/variants/", b, format="json"),
            lambda b: staff.patch(f"/api/v1/products/{made.pk}/variants/{variant.pk}/", b, format="json"),
        ):
            answer = send({"sku": "BLUE", "price": "9.90", "image_id": foreign.pk})
            assert answer.status_code == 400
            assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [
                ("image_id", "does_not_exist")
            ]
        variant.refresh_from_db()
        assert (variant.image_id, made.variants.count()) == (None, 1)
