"""What payments remember: money asked for, taken and given back, what Stripe said, and the receipts for it."""

from payments.models.customer import CustomerDeletion, StripeCustomer
from payments.models.dispute import Dispute
from payments.models.exception import PaymentException
from payments.models.payment import OPEN, Payment
from payments.models.receipt import CreditNote, Receipt, ReceiptCounter
from payments.models.reconciliation import Reconciliation
from payments.models.refund import Refund
from payments.models.stripe_event import StripeEvent

__all__ = [
    "OPEN",
    "CreditNote",
    "CustomerDeletion",
    "Dispute",
    "Payment",
    "PaymentException",
    "Receipt",
    "ReceiptCounter",
    "Reconciliation",
    "Refund",
    "StripeCustomer",
    "StripeEvent",
]
