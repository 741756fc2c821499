"""Addresses of the pages that mailed links open."""

from __future__ import annotations

from django.urls import path

from users import pages

urlpatterns = [
    path("account/reset/done/", pages.ResetDonePage.as_view(), name="account-reset-done"),
    path("account/reset/<str:uidb64>/<str:token>/", pages.ResetPage.as_view(), name="account-reset"),
    path(
        "account/email/<str:uid>/<str:token>/",
        pages.EmailChangePage.as_view(),
        name="account-email-change",
    ),
    path("account/verify/<str:uid>/<str:token>/", pages.VerifyPage.as_view(), name="account-verify"),
]
