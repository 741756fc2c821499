"""Fixtures of this app's tests."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.core.cache import cache

from shop.api import limits
from users.tests import factories
from users.tests.clients import anonymous_fixture, client_of_fixture

__all__ = ["anonymous_fixture", "client_of_fixture"]


@pytest.fixture
def real_limits(settings, monkeypatch):
    """Count as production does, at a moment that stands still: no window of time ends in the middle of a test."""
    cache.clear()
    settings.LIMITS_FACTOR = 1
    monkeypatch.setattr(limits, "time", SimpleNamespace(time=lambda: 1_800_000_000.0))


@pytest.fixture
def cheap_passwords(settings, monkeypatch):
    """Hash passwords in no time, the factories' included: for tests that are about something else."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # What another test has hashed in earnest stays with it.
    monkeypatch.setattr(factories, "_HASHED", [])
