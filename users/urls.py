"""Addresses of the API, under ``/api/v1/``."""

from __future__ import annotations

from django.urls import path
from rest_framework.routers import SimpleRouter

from users.views import accounts, address_book, auth

router = SimpleRouter()
router.register("users/me/sessions", accounts.SessionViewSet, basename="session")
router.register("users", accounts.UserViewSet, basename="user")
router.register(
    r"users/(?P<user_id>[^/.]+)/shipping_addresses",
    address_book.ShippingAddressViewSet,
    basename="shipping-address",
)
router.register(
    r"users/(?P<user_id>[^/.]+)/billing_addresses",
    address_book.BillingAddressViewSet,
    basename="billing-address",
)

urlpatterns = [
    path("auth/register/", auth.RegisterView.as_view(), name="register"),
    path("auth/login/", auth.LoginView.as_view(), name="login"),
    path("auth/refresh/", auth.RefreshView.as_view(), name="refresh"),
    path("auth/logout/", auth.LogoutView.as_view(), name="logout"),
    path("auth/logout-all/", auth.LogoutAllView.as_view(), name="logout-all"),
    path("auth/password/change/", auth.ChangePasswordView.as_view(), name="password-change"),
    path("auth/password/reset/", auth.ResetView.as_view(), name="password-reset"),
    path("auth/password/reset/confirm/", auth.ResetConfirmView.as_view(), name="password-reset-confirm"),
    path("auth/email/verify/", auth.VerifyView.as_view(), name="email-verify"),
    path("auth/email/verify/resend/", auth.ResendView.as_view(), name="email-verify-resend"),
    # Before the router, which would take "me" for an id.
    path("users/me/", accounts.MeView.as_view(), name="me"),
    *router.urls,
]
