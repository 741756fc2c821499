"""One call of the API as its handler sees it."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from tools.stripe_fake.errors import Json, invalid, missing
from tools.stripe_fake.forms import Params
from tools.stripe_fake.world import World


@dataclass(frozen=True)
class Call:
    """A call that may be made and whose route is known."""

    world: World
    method: str
    path: str
    params: Params
    path_values: dict[str, str]
    is_browser: bool
    """Whether it came with a publishable key."""

    @property
    def object_id(self) -> str:
        return self.path_values["id"]

    def get(self, kind: str, param: str = "id") -> Json:
        """Return the object that the path names."""
        return self.world.ledger.get(kind, self.object_id, param)

    def referred(self, name: str, kind: str) -> Json | None:
        """Return the object that a parameter names, or None where it is absent."""
        object_id = self.params.text(name)
        if object_id is None:
            return None
        thing = self.world.ledger.find(object_id)
        if thing is None or thing["object"] != kind or thing.get("deleted"):
            raise missing(kind, object_id, self.params.name_of(name), status=400)
        return thing

    def check_client_secret(self, thing: Json) -> None:
        """Refuse a browser that does not know the object's secret."""
        if self.is_browser or "client_secret" in self.params:
            check_client_secret(thing, self.params.text("client_secret"))


def check_client_secret(thing: Json, given: str | None) -> None:
    """
    Refuse a secret that is not the object's.

    :raises StripeError: it is absent or another's.
    """
    if given is None or not hmac.compare_digest(given.encode(), thing["client_secret"].encode()):
        message = f"The client_secret given does not belong to this {thing['object']}."
        raise invalid(message, "client_secret")
