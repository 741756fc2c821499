"""Fixtures of this app's tests."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.core.cache import cache

from shop.api import limits
from users.tests.clients import anonymous_fixture, client_of_fixture

__all__ = ["anonymous_fixture", "client_of_fixture"]


@pytest.fixture
def real_limits(settings, monkeypatch):
    """Count as production does, at a moment that stands still: no window of time ends in the middle of a test."""
    cache.clear()
    settings.LIMITS_FACTOR = 1
    monkeypatch.setattr(limits, "time", SimpleNamespace(time=lambda: 1_800_000_000.0))


@pytest.fixture
def real_passwords(settings):
    """Hash passwords as the shop does, and not in no time as other tests do."""
    settings.PASSWORD_HASHERS = settings.PASSWORD_HASHERS[1:]
