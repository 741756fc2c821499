"""Addresses of the API, under ``/api/v1/``."""

from __future__ import annotations

from django.urls import path
from rest_framework.routers import SimpleRouter

from users.views import accounts, address_book, auth, consents, customers, email_change, privacy, two_factor

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
router.register(r"users/(?P<user_id>[^/.]+)/consents", consents.ConsentViewSet, basename="consent")
router.register("customer_groups", customers.CustomerGroupViewSet, basename="customer-group")

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
    path(
        "auth/email/change/confirm/",
        email_change.ConfirmEmailChangeView.as_view(),
        name="email-change-confirm",
    ),
    # Before the router, which would take "me" for an id.
    path("users/me/", accounts.MeView.as_view(), name="me"),
    path("users/me/export/", privacy.ExportView.as_view(), name="export"),
    path("users/me/email/", email_change.EmailChangeView.as_view(), name="email-change"),
    path("users/me/two_factor/", two_factor.TwoFactorView.as_view(), name="two-factor"),
    path(
        "users/me/two_factor/confirm/", two_factor.ConfirmTwoFactorView.as_view(), name="two-factor-confirm"
    ),
    path(
        "users/me/two_factor/recovery_codes/",
        two_factor.RecoveryCodesView.as_view(),
        name="two-factor-recovery-codes",
    ),
    *router.urls,
]
