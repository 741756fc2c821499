"""Addresses of payments."""

from django.urls import path

from payments.views import PaymentViewSet, ReceiptView, StripeWebhookView
from payments.views_refunds import RefundViewSet

urlpatterns = [
    path("payments/", PaymentViewSet.as_view({"get": "list", "post": "create"}), name="payments"),
    path("payments/webhooks/stripe/", StripeWebhookView.as_view(), name="stripe-webhook"),
    path("payments/<uuid:payment>/", PaymentViewSet.as_view({"get": "retrieve"}), name="payment"),
    path("payments/<uuid:payment>/receipt/", ReceiptView.as_view(), name="payment-receipt"),
    path(
        "payments/<uuid:payment>/refunds/",
        RefundViewSet.as_view({"get": "list", "post": "create"}),
        name="payment-refunds",
    ),
]
