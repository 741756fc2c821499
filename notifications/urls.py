"""No call of its own yet: preferences and unsubscribing come with what isn't transactional."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
