"""Stripe's test payment methods, and what each of them does."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tools.stripe_fake.errors import CardDeclined


@dataclass(frozen=True)
class Instrument:
    """A way to pay whose behaviour is known beforehand."""

    token: str
    number: str = ""
    brand: str = "visa"
    kind: str = "card"
    funding: str = "credit"
    decline: str | None = None
    """A key of `DECLINES`."""
    authentication: str = "none"
    """`always`, `unless_set_up` or `none`: when 3-D Secure is asked for."""
    attachable: bool = True
    after: str | None = None
    """What follows: `dispute`, `dispute_not_received`, `inquiry`, `refund_pending` or `refund_fails`."""
    settles: bool = True
    """Whether an asynchronous method succeeds in the end."""

    @property
    def is_delayed(self) -> bool:
        return self.kind != "card"

    @property
    def last4(self) -> str:
        return self.number[-4:]

    def declined(self) -> CardDeclined:
        return declined(self.decline or "generic_decline")


DECLINES = {
    "generic_decline": ("card_declined", "The card was declined."),
    "insufficient_funds": ("card_declined", "The card has insufficient funds."),
    "lost_card": ("card_declined", "The card was declined."),
    "stolen_card": ("card_declined", "The card was declined."),
    "fraudulent": ("card_declined", "The card was declined."),
    "card_velocity_exceeded": ("card_declined", "The card's limit of balance, credit or count is exceeded."),
    "test_mode_live_card": ("card_declined", "The card was declined: test mode takes test cards only."),
    "authentication_required": ("authentication_required", "The card needs the customer's authentication."),
    "expired_card": ("expired_card", "The card has expired."),
    "incorrect_cvc": ("incorrect_cvc", "The card's security code is incorrect."),
    "incorrect_number": ("incorrect_number", "The card number is incorrect."),
    "processing_error": ("processing_error", "The card could not be processed. Try again later."),
}


def declined(decline: str) -> CardDeclined:
    """Return the 402 of a decline; those that have a code of their own carry no decline code."""
    code, message = DECLINES[decline]
    needs_code = code in ("card_declined", "authentication_required")
    return CardDeclined(code, decline if needs_code else None, message)


def _declining(token: str, number: str, decline: str, *, attachable: bool = False) -> Instrument:
    return Instrument(token, number, decline=decline, attachable=attachable)


_VISA = Instrument("pm_card_visa", "4242424242424242")

INSTRUMENTS = (
    _VISA,
    Instrument("pm_card_visa_debit", "4000056655665556", funding="debit"),
    Instrument("pm_card_mastercard", "5555555555554444", "mastercard"),
    Instrument("pm_card_mastercard_debit", "5200828282828210", "mastercard", funding="debit"),
    Instrument("pm_card_mastercard_prepaid", "5105105105105100", "mastercard", funding="prepaid"),
    Instrument("pm_card_amex", "378282246310005", "amex"),
    Instrument("pm_card_discover", "6011111111111117", "discover"),
    Instrument("pm_card_diners", "3056930009020004", "diners"),
    Instrument("pm_card_jcb", "3566002020360505", "jcb"),
    Instrument("pm_card_unionpay", "6200000000000005", "unionpay"),
    _declining("pm_card_chargeDeclined", "4000000000000002", "generic_decline"),
    _declining("pm_card_chargeDeclinedInsufficientFunds", "4000000000009995", "insufficient_funds"),
    _declining("pm_card_chargeDeclinedLostCard", "4000000000009987", "lost_card"),
    _declining("pm_card_chargeDeclinedStolenCard", "4000000000009979", "stolen_card"),
    _declining("pm_card_chargeDeclinedExpiredCard", "4000000000000069", "expired_card"),
    _declining("pm_card_chargeDeclinedIncorrectCvc", "4000000000000127", "incorrect_cvc"),
    _declining("pm_card_chargeDeclinedProcessingError", "4000000000000119", "processing_error"),
    _declining("pm_card_chargeDeclinedVelocityLimitExceeded", "4000000000006975", "card_velocity_exceeded"),
    _declining("pm_card_chargeCustomerFail", "4000000000000341", "generic_decline", attachable=True),
    _declining("pm_card_radarBlock", "4100000000000019", "fraudulent", attachable=True),
    Instrument("pm_card_riskLevelElevated", "4000000000009235"),
    Instrument("pm_card_bypassPending", "4000000000000077"),
    Instrument("pm_card_authenticationRequired", "4000002760003184", authentication="always"),
    Instrument("pm_card_authenticationRequiredOnSetup", "4000002500003155", authentication="unless_set_up"),
    Instrument("pm_card_authenticationRequiredSetupForOffSession", "4000003800000446",
               authentication="unless_set_up"),
    Instrument("pm_card_authenticationRequiredChargeDeclinedInsufficientFunds", "4000008260003178",
               authentication="always", decline="insufficient_funds"),
    Instrument("pm_card_threeDSecure2Required", "4000000000003220", authentication="always"),
    Instrument("pm_card_threeDSecureRequired", "4000000000003063", authentication="always"),
    Instrument("pm_card_threeDSecureOptional", "4000000000003055"),
    Instrument("pm_card_threeDSecureRequiredChargeDeclined", "4000008400001629",
               authentication="always", decline="generic_decline"),
    Instrument("pm_card_threeDSecureRequiredProcessingError", "4000008400001280",
               authentication="always", decline="processing_error"),
    Instrument("pm_card_createDispute", "4000000000000259", after="dispute"),
    Instrument("pm_card_createDisputeProductNotReceived", "4000000000002685", after="dispute_not_received"),
    Instrument("pm_card_createDisputeInquiry", "4000000000001976", after="inquiry"),
    Instrument("pm_card_pendingRefund", "4000000000007726", after="refund_pending"),
    Instrument("pm_card_refundFail", "4000000000005126", after="refund_fails"),
    Instrument("pm_usBankAccount", "000123456789", kind="us_bank_account"),
    Instrument("pm_usBankAccount_success", "000123456789", kind="us_bank_account"),
    Instrument("pm_usBankAccount_insufficientFunds", "000222222227", kind="us_bank_account",
               decline="insufficient_funds", settles=False),
    Instrument("pm_sepa_debit", "AT611904300234573201", kind="sepa_debit"),
    Instrument("pm_sepa_debit_fail", "AT861904300235473202", kind="sepa_debit",
               decline="insufficient_funds", settles=False),
)  # fmt: skip

BY_TOKEN = {instrument.token: instrument for instrument in INSTRUMENTS}
BY_NUMBER = {instrument.number: instrument for instrument in reversed(INSTRUMENTS)}
# Stripe spells the brand into some of its names, and has both spellings.
BY_TOKEN.update(
    {
        token.replace("pm_card_", "pm_card_visa_", 1): replace(instrument, token=token)
        for token, instrument in list(BY_TOKEN.items())
        if token.startswith("pm_card_chargeDeclined")
    }
)


def has_luhn_digit(number: str) -> bool:
    digits = [int(digit) for digit in reversed(number)]
    doubled = [digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def by_number(number: str) -> Instrument:
    """
    Return the test card with this number.

    :raises CardDeclined: it is no card number, or a real one.
    """
    bare = number.replace(" ", "").replace("-", "")
    if bare in BY_NUMBER and BY_NUMBER[bare].kind == "card":
        return BY_NUMBER[bare]
    if not bare.isdecimal() or not 12 <= len(bare) <= 19 or not has_luhn_digit(bare):
        raise declined("incorrect_number")
    raise declined("test_mode_live_card")
