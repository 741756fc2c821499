"""What every test starts from: a fixed environment, then Django, then the fixtures for real servers."""

from __future__ import annotations

import os

import django
import hypothesis
import pytest
from django.urls import get_resolver

from tests.environment import prepare

prepare()
os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"
django.setup()
# A worker would inherit it, and pytest-django there would read the settings before this file sets what they read.
del os.environ["DJANGO_SETTINGS_MODULE"]

pytest_plugins = ("tests.services_plugin", "tests.database_plugin", "tests.leaks_plugin")

# A busy machine is slow, which says nothing about the code.
hypothesis.settings.register_profile(
    "shop", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("shop")


@pytest.fixture(scope="session", autouse=True)
def _addresses_of_development() -> None:
    """Read the addresses before a test does that says it is production: they are read once, and differ there."""
    assert get_resolver().url_patterns
