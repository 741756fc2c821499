"""What the catalogue holds on a person: for their export, and to be forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from products import selectors, services
from users import ports
from users.ports import Holding

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

_OPINION = "An opinion says who has it, even without a name; the stars of the products follow."
_NOBODY = "There is nobody to tell any more."


class ProductsPersonalData(ports.PersonalData):
    """The part of the catalogue in export and erasure."""

    def preview(self, *, user_id: UUID) -> Sequence[Holding]:
        """Return what customers have said and wait for; all of it goes."""
        return (
            Holding(
                name="reviews", count=selectors.reviews_held(user_id).count(), kept=False, reason=_OPINION
            ),
            Holding(
                name="purchases", count=selectors.purchases_held(user_id).count(), kept=False, reason=_OPINION
            ),
            Holding(
                name="wishlist", count=selectors.wishes_held(user_id).count(), kept=False, reason=_NOBODY
            ),
            Holding(
                name="stock_alerts", count=selectors.alerts_held(user_id).count(), kept=False, reason=_NOBODY
            ),
        )

    def export(self, *, user_id: UUID) -> dict[str, Any]:
        """Return every review, wish and alert, and what was bought."""
        return {
            "reviews": [
                {
                    "product": review.product.name,
                    "rating": review.rating,
                    "title": review.title,
                    "text": review.text,
                    "verified": review.verified,
                    "state": review.state,
                    "created_at": review.created_at,
                    "updated_at": review.updated_at,
                }
                for review in selectors.reviews_held(user_id)
            ],
            "purchases": [bought.product.name for bought in selectors.purchases_held(user_id)],
            "wishlist": [
                {"product": wish.product.name, "added_at": wish.added_at}
                for wish in selectors.wishes_held(user_id)
            ],
            "stock_alerts": [
                {"sku": alert.variant.sku, "created_at": alert.created_at, "notified_at": alert.notified_at}
                for alert in selectors.alerts_held(user_id)
            ],
        }

    def erase(self, *, user_id: UUID, actor_id: UUID, now: datetime) -> None:
        """Delete all of it."""
        services.forget_opinions(user_id=user_id)
        services.forget_wishes(user_id=user_id)


ports.personal_data.register("products", ProductsPersonalData())
