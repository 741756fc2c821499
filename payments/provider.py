"""Stripe's words and amounts as the shop reads them: pure, and without its SDK."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from payments.errors import GatewayRefused
from shop.core.money import EXPONENTS, Money

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

# Decimals of an amount at Stripe for every currency that this shop may switch on. Króna have no coins and yet two.
_ZERO = frozenset({"CLP", "JPY", "KRW", "VND"})
_THREE = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})
_TWO = frozenset(
    {
        "AED", "AUD", "BGN", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "IDR", "ILS",
        "INR", "ISK", "MXN", "MYR", "NOK", "NZD", "PHP", "PLN", "RON", "SAR", "SEK", "SGD", "THB", "TRY", "TWD",
        "UAH", "USD", "ZAR",
    }
)  # fmt: skip
DECIMALS: dict[str, int] = {
    **dict.fromkeys(_ZERO, 0),
    **dict.fromkeys(_TWO, 2),
    **dict.fromkeys(_THREE, 3),
}
_LEAST = {
    "AED": 200, "BGN": 100, "CZK": 1500, "DKK": 250, "GBP": 30, "HKD": 400, "HUF": 17500, "MXN": 1000, "MYR": 200,
    "NOK": 300, "PLN": 200, "RON": 200, "SEK": 300, "THB": 1000,
}  # fmt: skip
_LEAST_ELSEWHERE = 50
_MOST = 99_999_999


@dataclass(frozen=True, kw_only=True)
class Charge:
    """What took the money; of a card only what a receipt shows."""

    id: str
    method: str = ""
    brand: str = ""
    last4: str = ""
    amount_refunded: int = 0
    # When the bank stops holding what is authorized, where Stripe says so.
    capture_before: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Intent:
    """A payment intent as Stripe has it now; ``status`` and ``last_error`` are Stripe's words."""

    id: str
    status: str
    amount: int
    amount_received: int
    # What is authorized and not taken.
    capturable: int
    currency: str
    # Never shown by accident: not in a log, not in a traceback.
    client_secret: str = field(repr=False)
    metadata: Mapping[str, str]
    charge: Charge | None
    last_error: str


@dataclass(frozen=True, kw_only=True)
class Session:
    """A page at Stripe that takes a payment; ``status`` is open, complete or expired."""

    id: str
    status: str
    url: str = field(repr=False)
    # Empty until somebody has paid, or tried to.
    pi_id: str


@dataclass(frozen=True, kw_only=True)
class Card:
    """A card that Stripe keeps for a customer: what may be shown of it."""

    id: str
    brand: str
    last4: str
    exp_month: int
    exp_year: int


@dataclass(frozen=True, kw_only=True)
class ProviderRefund:
    """A refund as Stripe has it now."""

    id: str
    status: str
    amount: int
    currency: str
    metadata: Mapping[str, str]
    failure: str


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A verified webhook: what it says has happened, and to which intent."""

    id: str
    type: str
    livemode: bool
    api_version: str
    object_id: str
    pi_id: str
    account: str
    created: datetime


@dataclass(frozen=True, kw_only=True)
class IntentRequest:
    """What an intent is made of; the same under the same key, or Stripe refuses."""

    payment_id: UUID
    attempt: int
    order_id: UUID
    number: str
    amount: Money
    email: str
    # Whether the money is only authorized now.
    captures_later: bool = False
    # Whose saved cards may pay it, at Stripe; empty for nobody's.
    customer_id: str = ""


@dataclass(frozen=True, kw_only=True)
class SessionRequest:
    """What a page at Stripe is made of; the same under the same key, or Stripe refuses."""

    intent: IntentRequest
    language: str
    success_url: str
    cancel_url: str
    expires_at: datetime


def to_provider(amount: Money) -> int:
    """
    Return an amount as Stripe counts it.

    :raises GatewayRefused: Stripe's decimals of this currency aren't known here.
    """
    if amount.currency not in DECIMALS:
        raise GatewayRefused(reason="currency_not_supported")
    return amount.minor * _factor(amount.currency)


def chargeable(amount: Money) -> int:
    units = to_provider(amount)
    if units < _LEAST.get(amount.currency, _LEAST_ELSEWHERE):
        raise GatewayRefused(reason="amount_too_small")
    if units > _MOST:
        raise GatewayRefused(reason="amount_too_large")
    if amount.currency in _THREE and units % 10:
        raise GatewayRefused(reason="amount_must_end_in_0")
    return units


def from_provider(units: int, currency: str) -> int:
    """Return the shop's minor units; of a currency that the shop doesn't know, Stripe's own."""
    if currency not in DECIMALS:
        return units
    return units // _factor(currency)


def _factor(currency: str) -> int:
    return int(10 ** (DECIMALS[currency] - EXPONENTS[currency]))


def intent_of(values: dict[str, Any]) -> Intent:
    currency = values["currency"].upper()
    charge = values.get("latest_charge")
    error = values.get("last_payment_error") or {}
    return Intent(
        id=values["id"],
        status=values["status"],
        amount=from_provider(values["amount"], currency),
        amount_received=from_provider(values.get("amount_received") or 0, currency),
        capturable=from_provider(values.get("amount_capturable") or 0, currency),
        currency=currency,
        client_secret=values.get("client_secret") or "",
        metadata=values.get("metadata") or {},
        charge=_charge(charge, currency) if charge else None,
        last_error=str(error.get("decline_code") or error.get("code") or error.get("type") or "")[:64],
    )


def _charge(values: Any, currency: str) -> Charge:
    if isinstance(values, str):
        return Charge(id=values)
    details = values.get("payment_method_details") or {}
    method = str(details.get("type") or "")
    card = details.get(method) or {}
    ends = card.get("capture_before")
    return Charge(
        id=values["id"],
        capture_before=datetime.fromtimestamp(ends, UTC) if ends else None,
        method=method[:32],
        brand=str(card.get("brand") or "")[:32],
        last4=str(card.get("last4") or "")[:4],
        amount_refunded=from_provider(values.get("amount_refunded") or 0, currency),
    )


def session_of(values: dict[str, Any]) -> Session:
    return Session(
        id=values["id"],
        status=values.get("status") or "open",
        url=values.get("url") or "",
        pi_id=values.get("payment_intent") or "",
    )


def card_of(values: dict[str, Any]) -> Card:
    card = values.get("card") or {}
    return Card(
        id=values["id"],
        brand=str(card.get("brand") or ""),
        last4=str(card.get("last4") or ""),
        exp_month=int(card.get("exp_month") or 0),
        exp_year=int(card.get("exp_year") or 0),
    )


def refund_of(values: dict[str, Any]) -> ProviderRefund:
    currency = values["currency"].upper()
    return ProviderRefund(
        id=values["id"],
        status=values.get("status") or "pending",
        amount=from_provider(values["amount"], currency),
        currency=currency,
        metadata=values.get("metadata") or {},
        failure=str(values.get("failure_reason") or ""),
    )


def notice_of(values: dict[str, Any]) -> Notice:
    thing = values["data"]["object"]
    kind, object_id = thing.get("object"), thing.get("id")
    pi_id = object_id if kind == "payment_intent" else thing.get("payment_intent")
    return Notice(
        id=_text(values["id"]),
        type=_text(values["type"])[:100],
        livemode=bool(values["livemode"]),
        api_version=_text(values.get("api_version") or "")[:50],
        object_id=object_id[:255] if isinstance(object_id, str) else "",
        pi_id=pi_id[:64] if isinstance(pi_id, str) else "",
        account=_text(values.get("account") or "")[:64],
        created=datetime.fromtimestamp(values["created"], UTC),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value
