"""The built-in page that Stripe sends a customer back to where the shop has no storefront."""

from django.urls import path

from payments.pages import ReturnPage

urlpatterns = [path("account/payments/<uuid:payment_id>/", ReturnPage.as_view(), name="payment-page")]
