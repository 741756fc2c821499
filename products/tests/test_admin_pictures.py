"""The page of a product's pictures: what is kept, what is refused by name, and that nothing is left behind."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from products.models import Product, ProductImage
from products.pictures import MAX_BYTES
from products.tests.factories import image, product
from products.tests.test_images import full_after, stored
from products.tests.uploads import SVG, bomb, picture
from shop.audit.models import AuditEntry
from users.tests.factories import StaffFactory

pytestmark = pytest.mark.once


@pytest.fixture(autouse=True)
def media(tmp_path, settings) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path / "temp")
    (tmp_path / "temp").mkdir()
    return settings.MEDIA_ROOT


@pytest.fixture
def made(transactional_db) -> Product:
    return product(name="Lamp")


@pytest.fixture
def staff(made, client):
    rights = ["products.view_product", "products.change_product"]
    client.force_login(StaffFactory(permissions=rights))
    return client


def page_of(made: Product) -> str:
    return reverse("admin:products_product_pictures", args=[made.pk])


def upload(client, made: Product, **files: bytes):
    images = [SimpleUploadedFile(name.replace("_", "."), content) for name, content in files.items()]
    return client.post(page_of(made), {"act": "upload", "images": images})


def said(answer) -> list[str]:
    return [str(message) for message in answer.context["messages"]]


class TestUploading:
    def test_several_at_once(self, staff, made, media, tmp_path):
        big = picture("JPEG", size=(1500, 900), comment=b"x" * 60_000) + bytes(4 * 1024 * 1024)

        answer = upload(staff, made, a_png=picture(), b_jpg=big, c_webp=picture("WEBP"))

        assert (answer.status_code, answer.headers["Location"]) == (302, page_of(made))
        assert said(staff.get(page_of(made))) == ["3 pictures were added."]
        rows = list(ProductImage.objects.order_by("position"))
        assert [row.position for row in rows] == [0, 1, 2]
        made.refresh_from_db()
        assert made.cover == rows[0]
        assert len(stored(media)) == 3 * 4
        assert list((tmp_path / "temp").iterdir()) == []
        assert AuditEntry.objects.filter(action="products.image_added", actor_id__isnull=False).count() == 3

    def test_what_is_refused_is_named_and_the_others_are_kept(self, staff, made, media, tmp_path):
        huge = picture() + bytes(MAX_BYTES)

        answer = upload(staff, made, good_png=picture(), bad_svg=SVG, bomb_png=bomb(), huge_png=huge)

        assert answer.status_code == 200
        assert sorted(answer.context["refused"]) == [
            ("bad.svg", "This is no JPEG, PNG or WebP that can be read."),
            ("bomb.png", "A picture may have 25 megapixels."),
            ("huge.png", "A file may have 10 MB."),
        ]
        assert said(answer) == ["1 picture was added."]
        for name, reason in answer.context["refused"]:
            assert f"{name}</strong>: {reason}" in answer.content.decode()
        assert (ProductImage.objects.count(), len(stored(media))) == (1, 4)
        assert list((tmp_path / "temp").iterdir()) == []

    def test_too_much_is_not_read_at_all(self, staff, made, media, tmp_path, monkeypatch):
        def read(*_args):
            raise AssertionError("it was read")

        monkeypatch.setattr("django.http.HttpRequest._load_post_and_files", read)

        answer = staff.generic("POST", page_of(made), b"x", "multipart/form-data; boundary=b",
                               CONTENT_LENGTH=str(20 * MAX_BYTES + 100_000))  # fmt: skip

        assert (answer.status_code, stored(media)) == (413, [])
        assert "That is too much at once" in answer.content.decode()

    def test_nothing_is_said_so(self, staff, made):
        answer = staff.post(page_of(made), {"act": "upload"})

        assert answer.context["refused"] == [("Nothing was sent", "Choose one picture or more.")]

    def test_a_full_disk_is_said_and_nothing_is_left(self, staff, made, media, tmp_path):
        # The first one is small until it is encoded anew; the others don't fit into the temporary folder.
        with full_after(3500):
            answer = upload(
                staff,
                made,
                a_png=picture("WEBP", quality=1),
                b_png=picture() + bytes(3000),
                c_png=bytes(70_000),
            )

        assert sorted(answer.context["refused"]) == [
            ("a.png", "The shop can't do this just now. Nothing was changed."),
            ("b.png", "There is no room for it just now."),
            ("c.png", "There is no room for it just now."),
        ]
        assert (ProductImage.objects.count(), stored(media), list((tmp_path / "temp").iterdir())) == (
            0,
            [],
            [],
        )

    def test_a_gallery_is_full_at_fifty(self, staff, made, media):
        for number in range(49):
            image(made, f"{number}.webp")

        answer = upload(staff, made, a_png=picture(size=(9, 9)), b_png=picture(size=(9, 9)))

        assert answer.context["refused"] == [("b.png", "A product has 50 pictures at most.")]
        assert ProductImage.objects.count() == 50
        assert "There is no room for more" in staff.get(page_of(made)).content.decode()


class TestChanging:
    def test_order_words_cover_and_deleting(self, staff, made):
        first, second, third = (image(made, f"{n}.webp", alt=str(n)) for n in range(3))

        def act(row: ProductImage, **fields):
            return staff.post(page_of(made), {"image": row.pk, **fields}, follow=True)

        act(third, act="earlier", place=2)
        assert list(made.images.order_by("position")) == [first, third, second]
        act(first, act="later", place=0)
        assert list(made.images.order_by("position")) == [third, first, second]
        act(second, act="alt", alt="  From the\r\n side ")
        act(second, act="cover")
        made.refresh_from_db()
        second.refresh_from_db()
        assert (made.cover, second.alt) == (second, "From the side")
        assert said(act(second, act="delete")) == ["The picture was deleted."]
        made.refresh_from_db()
        assert (made.cover, made.images.count()) == (third, 2)
        actions = AuditEntry.objects.exclude(action__in=["products.created", "products.image_added"])
        assert sorted(actions.values_list("action", flat=True)) == [
            *["products.image_changed"] * 4,
            "products.image_deleted",
        ]

    @pytest.mark.parametrize(
        "fields",
        [
            {"act": "delete"},
            {"act": "delete", "image": "x"},
            {"act": "alt", "image": "999"},
            {"act": "later", "image": "999", "place": "0"},
            {"act": "rename", "image": "999"},
            {},
        ],
    )
    def test_what_is_not_there_is_left_alone(self, staff, made, fields):
        foreign = image(product(), "x.webp")
        own = image(made, "own.webp")

        answer = staff.post(page_of(made), fields, follow=True)
        staff.post(page_of(made), {"act": "delete", "image": foreign.pk})

        assert answer.status_code == 200
        assert set(ProductImage.objects.all()) == {own, foreign}


class TestDoor:
    def test_needs_the_token_and_leaves_no_upload(self, made, media, tmp_path):
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(StaffFactory(permissions=["products.view_product", "products.change_product"]))

        assert upload(strict, made, a_png=picture()).status_code == 403
        assert (ProductImage.objects.count(), stored(media), list((tmp_path / "temp").iterdir())) == (
            0,
            [],
            [],
        )

        token = strict.get(page_of(made)).context["csrf_token"]
        images = [SimpleUploadedFile("a.png", picture())]
        answer = strict.post(
            page_of(made), {"act": "upload", "images": images, "csrfmiddlewaretoken": str(token)}
        )
        assert (answer.status_code, ProductImage.objects.count()) == (302, 1)

    def test_is_closed_to_who_may_not_change_products(self, client, made, media):
        assert client.get(page_of(made)).status_code == 302
        client.force_login(
            StaffFactory(permissions=["products.view_product", "products.change_productimage"])
        )

        assert client.get(page_of(made)).status_code == 403
        assert upload(client, made, a_png=picture()).status_code == 403
        assert stored(media) == []

    @pytest.mark.parametrize("ref", ["999", "x", "1/2"])
    def test_of_no_product_is_not_there(self, staff, ref):
        assert staff.get(f"/admin/products/product/{ref}/pictures/").status_code == 404
