"""What the cart's tests of the API start from."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from cart.tests.guests import Guest


@pytest.fixture(autouse=True)
def _fresh_limits():
    cache.clear()


@pytest.fixture
def guest():
    return Guest()
