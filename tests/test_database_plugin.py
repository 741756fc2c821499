"""Each test begins with what the migrations wrote, whatever ran before it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission

from orders.models import Carrier


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2])
def test_what_migrations_wrote_is_there_after_a_test_that_empties_the_database(turn):
    assert Carrier.objects.filter(code="dhl", name="DHL").count() == 1
    assert Permission.objects.filter(codename="view_carrier").count() == 1

    Carrier.objects.all().delete()
