"""No call of the API yet. The page behind unsubscribe links stands in page_urls."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
