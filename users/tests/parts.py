"""Made-up apps that hold something on people."""

from __future__ import annotations

import pytest

from users import ports
from users.models import User
from users.ports import Holding


class Part(ports.PersonalData):
    """An app of which a test says what it holds and what it does."""

    def __init__(self, blockers: tuple[str, ...] = (), error: Exception | None = None) -> None:
        self.objections = blockers
        self.error = error
        self.calls: list[str] = []

    def lock(self, *, user_id):
        self.calls.append("lock")

    def blockers(self, *, user_id):
        self.calls.append("blockers")
        return self.objections

    def preview(self, *, user_id):
        return [
            Holding(name="toys", count=2, kept=False, reason="Nobody plays."),
            Holding(name="bills", count=1, kept=True, reason="The law."),
            Holding(name="songs", count=0, kept=True, reason="None."),
        ]

    def export(self, *, user_id):
        return {"toys": ["ball", "kite"]}

    def erase(self, *, user_id, actor_id, now):
        self.calls.append(f"erase by {actor_id}")
        # The account is still what it was: parts may look things up by its address.
        assert not User.objects.get(pk=user_id).email.endswith("@erased.invalid")
        if self.error:
            raise self.error


@pytest.fixture(name="parts")
def parts_fixture(monkeypatch):
    """Replace the other apps by made-up ones: ``parts(toys=Part())``."""

    def register(**parts: Part) -> None:
        registry: ports.Registry = ports.Registry()
        for app, part in parts.items():
            registry.register(app, part)
        monkeypatch.setattr(ports, "personal_data", registry)

    return register
