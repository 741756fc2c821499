"""Addresses of payments."""

from django.urls import path

from payments.views import PaymentViewSet, StripeWebhookView
from payments.views_cards import CardViewSet
from payments.views_receipts import CreditNotesView, CreditNoteView, ProofView, ReceiptView
from payments.views_refunds import RefundViewSet

urlpatterns = [
    path("payments/", PaymentViewSet.as_view({"get": "list", "post": "create"}), name="payments"),
    path("payments/cards/", CardViewSet.as_view({"get": "list", "post": "create"}), name="cards"),
    path("payments/cards/<str:card>/", CardViewSet.as_view({"delete": "destroy"}), name="card"),
    path("payments/webhooks/stripe/", StripeWebhookView.as_view(), name="stripe-webhook"),
    path("payments/<uuid:payment>/", PaymentViewSet.as_view({"get": "retrieve"}), name="payment"),
    path("payments/<uuid:payment>/receipt/", ReceiptView.as_view(), name="payment-receipt"),
    path(
        "payments/<uuid:payment>/refunds/",
        RefundViewSet.as_view({"get": "list", "post": "create"}),
        name="payment-refunds",
    ),
    path("payments/<uuid:payment>/credit_notes/", CreditNotesView.as_view(), name="payment-credit-notes"),
    path(
        "payments/<uuid:payment>/credit_notes/<str:number>/",
        CreditNoteView.as_view(),
        name="payment-credit-note",
    ),
    path("receipts/verify/", ProofView.as_view(), name="receipt-proof"),
]
