from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps

# Imported for its registration: Django doesn't find checks by itself.
from shop.ops import checks  # noqa: F401


class AdminConfig(admin_apps.AdminConfig):
    """Django's admin, on a site class of the shop's own."""

    # Two configurations stand in this module; "shop.ops" alone means the other one.
    default = False
    default_site = "shop.ops.admin.site.BackOffice"


class OpsConfig(AppConfig):
    name = "shop.ops"
    label = "ops"
    default = True
