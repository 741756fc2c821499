"""Every way money can move here."""

from payments.services.cancelling import cancel_intents
from payments.services.disputing import settle_dispute
from payments.services.exceptions import resolve_exception
from payments.services.expiring import expire_unpaid
from payments.services.forgetting import forget_customer
from payments.services.free import record_free_payment
from payments.services.receipts import issue_receipt
from payments.services.reconciling import Findings, reconcile
from payments.services.refunding import give_back, refund_part, request_refund
from payments.services.sending import send_refunds
from payments.services.settling import reconcile_recent, refresh_payment, settle_payment
from payments.services.staff_refunds import WantedRefund, refund_payment
from payments.services.starting import StartedPayment, client_secret_of, start_payment
from payments.services.webhooks import record_webhook, retry_webhooks

__all__ = [
    "Findings",
    "StartedPayment",
    "WantedRefund",
    "cancel_intents",
    "client_secret_of",
    "expire_unpaid",
    "forget_customer",
    "give_back",
    "issue_receipt",
    "reconcile",
    "reconcile_recent",
    "record_free_payment",
    "record_webhook",
    "refresh_payment",
    "refund_part",
    "refund_payment",
    "request_refund",
    "resolve_exception",
    "retry_webhooks",
    "send_refunds",
    "settle_dispute",
    "settle_payment",
    "start_payment",
]
