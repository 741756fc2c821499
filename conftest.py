"""What every test starts from: a fixed environment, then Django, then the fixtures for real servers."""

from __future__ import annotations

import os

import django

from tests.environment import prepare

prepare()
os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"
django.setup()
# A worker would inherit it, and pytest-django there would read the settings before this file sets what they read.
del os.environ["DJANGO_SETTINGS_MODULE"]

pytest_plugins = ("tests.services_plugin",)
