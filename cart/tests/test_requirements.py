"""What a cart asks its shopper to agree to; the rest of it is tested with the orders that keep it."""

from __future__ import annotations

import pytest

from cart.checks import terms_can_be_kept

pytestmark = pytest.mark.once


@pytest.mark.parametrize(("version", "found"), [("", []), ("v" * 50, []), ("v" * 51, ["cart.E007"])])
def test_a_version_that_no_order_could_keep_is_found_before_the_start(settings, version, found):
    settings.ORDER_TERMS_VERSION = version

    assert [message.id for message in terms_can_be_kept()] == found
