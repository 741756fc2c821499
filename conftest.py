"""What every test starts from: a fixed environment, then Django, then the fixtures for real servers."""

from __future__ import annotations

import gc
import os

import django
import hypothesis
import pytest
from django.conf import settings
from django.urls import get_resolver

from tests.environment import prepare

prepare()
os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"
django.setup()
# A worker would inherit it, and pytest-django there would read the settings before this file sets what they read.
del os.environ["DJANGO_SETTINGS_MODULE"]

# Real ones are slow on purpose; a test that is about them takes `real_passwords`.
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]

pytest_plugins = ("tests.services_plugin", "tests.database_plugin", "tests.leaks_plugin")

# A busy machine is slow, which says nothing about the code.
hypothesis.settings.register_profile(
    "shop", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("shop")


def pytest_collection_finish() -> None:
    """Let the garbage collector pass over what stays: Django and thousands of tests, a twentieth of a run's time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _addresses_of_development() -> None:
    """Read the addresses before a test does that says it is production: they are read once, and differ there."""
    assert get_resolver().url_patterns
