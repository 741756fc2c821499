"""Every way money can move here."""

from payments.services.cancelling import cancel_intents
from payments.services.capturing import capture_payments, request_capture, take_off, watch_authorizations
from payments.services.cards import begin_saving, cards_of, customer_of, delete_customers, remove_card
from payments.services.credit_notes import issue_credit_notes
from payments.services.disputing import settle_dispute
from payments.services.exceptions import resolve_exception
from payments.services.expiring import expire_unpaid
from payments.services.forgetting import forget_customer
from payments.services.free import record_free_payment
from payments.services.paying import StartedPayment, start_payment
from payments.services.receipts import issue_receipt
from payments.services.reconciling import Findings, reconcile
from payments.services.refunding import give_back, refund_part, request_refund
from payments.services.sending import send_refunds
from payments.services.settling import reconcile_recent, refresh_payment, settle_payment
from payments.services.staff_refunds import WantedRefund, refund_payment
from payments.services.starting import client_secret_of
from payments.services.webhooks import record_webhook, retry_webhooks

__all__ = [
    "Findings",
    "StartedPayment",
    "WantedRefund",
    "begin_saving",
    "cancel_intents",
    "capture_payments",
    "cards_of",
    "client_secret_of",
    "customer_of",
    "delete_customers",
    "expire_unpaid",
    "forget_customer",
    "give_back",
    "issue_credit_notes",
    "issue_receipt",
    "reconcile",
    "reconcile_recent",
    "record_free_payment",
    "record_webhook",
    "refresh_payment",
    "refund_part",
    "refund_payment",
    "remove_card",
    "request_capture",
    "request_refund",
    "resolve_exception",
    "retry_webhooks",
    "send_refunds",
    "settle_dispute",
    "settle_payment",
    "start_payment",
    "take_off",
    "watch_authorizations",
]
