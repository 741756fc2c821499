"""Every address of the shop. Apps are included by name, so this module imports none of them."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from shop.api import documents, views

_DOMAINS = ("users", "products", "cart", "orders", "payments", "notifications")

urlpatterns = [
    *(path("api/v1/", include(f"{app}.urls")) for app in _DOMAINS),
    path("api/v1/schema/", documents.SchemaView.as_view(), name="schema"),
    path("api/docs/", documents.DocsView.as_view(), name="docs"),
    path("problems/", views.problem_list, name="problems"),
    path("problems/<slug:code>/", views.problem_page, name="problem"),
    path("admin/", admin.site.urls),
    path("", include("users.page_urls")),
    path("", include("orders.page_urls")),
    path("", include("payments.page_urls")),
    path("", include("notifications.page_urls")),
    path("", include("shop.ops.urls")),
]

if not settings.PRODUCTION:
    urlpatterns.append(path("", include("shop.ops.dev_urls")))

handler400 = "shop.api.errors.bad_request"
handler403 = "shop.api.errors.permission_denied"
handler404 = "shop.api.errors.not_found"
handler500 = "shop.api.errors.server_error"
