"""Fixtures of this app's tests."""

from users.tests.clients import anonymous_fixture, client_of_fixture

__all__ = ["anonymous_fixture", "client_of_fixture"]
