"""Reviews: one a customer and product, verified by an order, counted when shown."""

from __future__ import annotations

from functools import partial

import pytest
from django.test import override_settings

from products import services
from products.errors import AlreadyReviewed
from products.models import Product, Purchase, Review
from products.services import opinions
from products.tests.factories import NOW, product
from shop.api.limits import Limit
from shop.audit.models import AuditEntry
from shop.core.errors import NotFound, RateLimited
from tests.statements import statements
from users.tests.clients import anonymous, client_of
from users.tests.factories import SuperuserFactory, UserFactory
from users.tests.races import together

pytestmark = pytest.mark.django_db


def write(made: Product, user=None, **said) -> Review:
    user = user or UserFactory()
    said = {"rating": 5} | said
    return services.write_review(product_id=made.pk, user_id=user.pk, said=said, now=NOW)


def review_by(made: Product, users: list, number: int) -> Review:
    return write(made, users[number], rating=4)


def stars(made: Product) -> tuple[int | None, int]:
    made.refresh_from_db()
    return made.rating, made.review_count


class TestWriting:
    def test_counts_for_the_stars(self):
        made = product()

        write(made, rating=5)
        write(made, rating=4)
        write(made, rating=4)

        assert stars(made) == (433, 3)

    def test_a_second_one_is_refused(self):
        made, user = product(), UserFactory()
        write(made, user, rating=5)

        with pytest.raises(AlreadyReviewed):
            write(made, user, rating=1)

        assert stars(made) == (500, 1)

    def test_has_a_limit_a_day(self, settings, monkeypatch):
        settings.LIMITS_FACTOR = 1
        monkeypatch.setattr(opinions, "_A_DAY", Limit("reviews.test", 1, 86400))
        user, (lamp, vase) = UserFactory(), (product(), product())
        write(lamp, user)

        with pytest.raises(RateLimited):
            write(vase, user)

        assert (stars(vase), Review.objects.count()) == ((None, 0), 1)

    def test_is_verified_when_it_was_bought(self):
        made, buyer = product(), UserFactory()
        services.remember_purchase(user_id=buyer.pk, product_ids=[made.pk, made.pk])

        assert write(made, buyer).verified
        assert not write(made).verified
        assert Purchase.objects.count() == 1

    def test_buying_later_verifies_it(self):
        made, buyer = product(), UserFactory()
        review = write(made, buyer)
        other = write(made)

        for _ in range(2):
            services.remember_purchase(user_id=buyer.pk, product_ids=[made.pk])

        review.refresh_from_db()
        other.refresh_from_db()
        assert (review.verified, other.verified) == (True, False)

    def test_changing_and_deleting_move_the_stars(self):
        made, user = product(), UserFactory()
        review = write(made, user, rating=1)
        write(made, rating=5)

        services.change_review(
            product_id=made.pk, review_id=review.pk, user_id=user.pk, changes={"rating": 3}, now=NOW
        )
        assert stars(made) == (400, 2)
        services.delete_review(product_id=made.pk, review_id=review.pk, user_id=user.pk)
        assert stars(made) == (500, 1)

    def test_the_last_one_gone_leaves_no_stars(self):
        made, user = product(), UserFactory()
        review = write(made, user)

        services.delete_review(product_id=made.pk, review_id=review.pk, user_id=user.pk)

        assert stars(made) == (None, 0)

    def test_somebody_elses_is_not_found(self):
        made = product()
        review = write(made, rating=1)

        for act in (
            lambda: services.change_review(
                product_id=made.pk,
                review_id=review.pk,
                user_id=UserFactory().pk,
                changes={"rating": 5},
                now=NOW,
            ),
            lambda: services.delete_review(product_id=made.pk, review_id=review.pk, user_id=UserFactory().pk),
        ):
            with pytest.raises(NotFound):
                act()
        assert stars(made) == (100, 1)


class TestModeration:
    @override_settings(REVIEWS_MODERATED=True)
    def test_waits_until_staff_publish_it(self):
        made, staff = product(), SuperuserFactory()
        review = write(made)
        assert stars(made) == (None, 0)

        moved = services.moderate(review_ids=[review.pk], publish=True, actor_id=staff.pk, now=NOW)

        assert (moved, stars(made)) == (1, (500, 1))
        assert AuditEntry.objects.filter(action="products.review_published", actor_id=staff.pk).count() == 1

    def test_a_rejected_one_neither_counts_nor_comes_back(self):
        made, user, staff = product(), UserFactory(), SuperuserFactory()
        review = write(made, user)

        services.moderate(review_ids=[review.pk], publish=False, actor_id=staff.pk, now=NOW)

        assert stars(made) == (None, 0)
        with pytest.raises(NotFound):
            services.delete_review(product_id=made.pk, review_id=review.pk, user_id=user.pk)
        with pytest.raises(AlreadyReviewed):
            write(made, user)
        again = services.moderate(review_ids=[review.pk], publish=False, actor_id=staff.pk, now=NOW)
        assert again == 0

    @override_settings(REVIEWS_MODERATED=True)
    def test_a_changed_one_waits_again(self):
        made, user, staff = product(), UserFactory(), SuperuserFactory()
        review = write(made, user)
        services.moderate(review_ids=[review.pk], publish=True, actor_id=staff.pk, now=NOW)

        services.change_review(
            product_id=made.pk, review_id=review.pk, user_id=user.pk, changes={"text": "Buy at …"}, now=NOW
        )

        assert stars(made) == (None, 0)


class TestForgetting:
    def test_takes_the_stars_along(self):
        made, user = product(), UserFactory()
        write(made, user, rating=1)
        write(made, rating=5)
        services.remember_purchase(user_id=user.pk, product_ids=[made.pk])

        services.forget_opinions(user_id=user.pk)

        assert stars(made) == (500, 1)
        assert not Purchase.objects.filter(user=user).exists()


class TestRaces:
    @pytest.mark.needs_postgres
    @pytest.mark.django_db(transaction=True)
    def test_twenty_reviews_at_once_all_count(self):
        made, users = product(), UserFactory.create_batch(20)

        together(20, lambda number: write(made, users[number], rating=4))

        assert stars(made) == (400, 20)

    @pytest.mark.needs_postgres
    @pytest.mark.django_db(transaction=True)
    def test_without_the_lock_some_do_not(self, monkeypatch):
        """The control: the race is there."""
        monkeypatch.setattr("products.services.opinions._lock", lambda _id: None)
        lost: list[Product] = []
        while not lost and Product.objects.count() < 20:
            made, users = product(), UserFactory.create_batch(8)
            together(8, partial(review_by, made, users))
            lost = [made] if stars(made) != (400, 8) else []

        assert lost

    @pytest.mark.needs_postgres
    @pytest.mark.django_db(transaction=True)
    def test_one_customer_at_once_ten_times_has_one(self):
        made, user = product(), UserFactory()

        def one(_number):
            try:
                write(made, user)
            except AlreadyReviewed:
                return "refused"
            return "written"

        assert sorted(together(10, one)) == ["refused"] * 9 + ["written"]
        assert stars(made) == (500, 1)


class TestOverHttp:
    def path(self, made, end=""):
        return f"/api/v1/products/{made.slug}/reviews/{end}"

    def test_write_read_change_delete(self):
        made, user = product(), UserFactory(first_name="Ada", last_name="Lovelace")
        mine = client_of(user)

        answer = mine.post(
            self.path(made), {"rating": 4, "title": "Good", "text": "Warm light.\r\nI like it."}
        )

        assert answer.status_code == 201
        review = answer.json()
        pk = review.pop("id")
        assert answer.headers["Location"] == self.path(made, f"{pk}/")
        times = [review.pop("created_at"), review.pop("updated_at")]
        assert times[0] == times[1]
        assert review == {
            "rating": 4,
            "title": "Good",
            "text": "Warm light.\nI like it.",
            "author": "Ada",
            "verified": False,
            "state": "published",
        }
        shown = anonymous().get(self.path(made))
        assert [(one["id"], "state" in one, one["author"]) for one in shown.json()["results"]] == [
            (pk, False, "Ada")
        ]
        assert shown.headers["Cache-Control"] == "public, max-age=5"
        assert "Lovelace" not in shown.content.decode()
        assert user.email not in shown.content.decode()
        listed = anonymous().get(f"/api/v1/products/{made.slug}/").json()
        assert (listed["rating"], listed["review_count"]) == (4.0, 1)
        assert mine.patch(self.path(made, f"{pk}/"), {"rating": 2}).json()["rating"] == 2
        assert mine.delete(self.path(made, f"{pk}/")).status_code == 204
        assert anonymous().get(self.path(made)).json()["count"] == 0

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"rating": 0},
            {"rating": 6},
            {"rating": 4.5},
            {"rating": "5"},
            {"rating": True},
            {"rating": None},
            {"rating": 5, "text": "x" * 5001},
            {"rating": 5, "text": "a\x07b"},
            {"rating": 5, "title": "a\nb"},
            {"rating": 5, "title": ["x"]},
        ],
    )
    def test_bad_ones_are_refused(self, body):
        made = product()

        answer = client_of(UserFactory()).post(self.path(made), body)

        assert (answer.status_code, answer.json()["code"]) == (400, "validation_failed")
        assert not Review.objects.exists()

    def test_what_only_the_shop_says_is_ignored(self):
        made = product()

        answer = client_of(UserFactory()).post(
            self.path(made), {"rating": 1, "verified": True, "author": "Staff", "state": "rejected"}
        )

        assert answer.status_code == 201
        assert (answer.json()["verified"], answer.json()["state"]) == (False, "published")

    def test_a_second_one_is_a_conflict(self):
        made, mine = product(), client_of(UserFactory())
        mine.post(self.path(made), {"rating": 5})

        answer = mine.post(self.path(made), {"rating": 5})

        assert (answer.status_code, answer.json()["code"]) == (409, "already_reviewed")

    def test_of_a_hidden_product_are_not_found(self):
        made = product(published=False)

        assert anonymous().get(self.path(made)).status_code == 404
        assert client_of(UserFactory()).post(self.path(made), {"rating": 5}).status_code == 404

    @pytest.mark.parametrize("rows", [1, 20])
    def test_a_list_takes_as_many_statements_with_twenty_as_with_one(self, rows):
        made = product()
        for _ in range(rows):
            write(made)

        with statements() as seen:
            answer = anonymous().get(self.path(made))

        assert (len(answer.json()["results"]), len(seen)) == (rows, 3)
