"""Charges: what a payment intent's attempt to take money leaves behind."""

from __future__ import annotations

import time

from tools.stripe_fake.call import Call
from tools.stripe_fake.cards import Instrument
from tools.stripe_fake.errors import Json, StripeError
from tools.stripe_fake.ids import new_id
from tools.stripe_fake.lists import matching, page, search
from tools.stripe_fake.registry import route
from tools.stripe_fake.world import World


@route("GET", "/v1/charges/search")
def find(call: Call) -> Json:
    return search(call, call.world.ledger.all("charge"))


@route("GET", "/v1/charges")
def list_all(call: Call) -> Json:
    return page(call, matching(call, call.world.ledger.all("charge"), "payment_intent", "customer"))


@route("GET", "/v1/charges/{id}")
def retrieve(call: Call) -> Json:
    return call.get("charge")


@route("POST", "/v1/charges/{id}")
def update(call: Call) -> Json:
    charge = call.get("charge")
    description = call.params.text("description") or charge["description"]
    call.world.change(charge, metadata=call.params.metadata(charge["metadata"]), description=description)
    call.world.emit("charge.updated", charge)
    return charge


@route("GET", "/v1/charges/{id}/refunds")
def list_refunds(call: Call) -> Json:
    charge = call.get("charge")
    return page(
        call, [refund for refund in call.world.ledger.all("refund") if refund["charge"] == charge["id"]]
    )


_UNUSED = ("balance_transaction", "receipt_number", "receipt_url", "review", "transfer_group")


def open_charge(
    world: World, intent: Json, method: Json, status: str, error: StripeError | None = None
) -> Json:
    """Record an attempt; a `succeeded` one counts as captured unless the intent captures by hand."""
    is_paid = status == "succeeded"
    is_captured = is_paid and intent["capture_method"] != "manual"
    shared = ("amount", "currency", "customer", "description", "receipt_email", "shipping",
              "statement_descriptor", "statement_descriptor_suffix")  # fmt: skip
    failure = error.error if error else {}
    charge = {
        "id": new_id("ch" if method["type"] == "card" else "py"),
        "object": "charge",
        **dict.fromkeys(_UNUSED),
        **{name: intent[name] for name in shared},
        "amount_captured": intent["amount"] if is_captured else 0,
        "amount_refunded": 0,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": intent["statement_descriptor_suffix"] or "LOCAL FAKE",
        "captured": is_captured or status == "pending",
        "created": int(time.time()),
        "disputed": False,
        "failure_code": failure.get("code"),
        "failure_message": failure.get("message"),
        "fraud_details": {},
        "livemode": False,
        "metadata": dict(intent["metadata"]),
        "outcome": _outcome(status, failure),
        "paid": is_paid,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": {"type": method["type"], method["type"]: method[method["type"]]},
        "refunded": False,
        "status": status,
    }
    world.create(charge)
    if is_captured:
        book_charge(world, charge)
    return charge


def _outcome(status: str, failure: Json) -> Json:
    reason = failure.get("decline_code") or failure.get("code")
    refused = status == "failed"
    return {
        "network_status": "declined_by_network" if refused else "approved_by_network",
        "reason": reason,
        "risk_level": "normal",
        "seller_message": "The bank declined the payment." if refused else "Payment complete.",
        "type": "issuer_declined" if refused else "authorized",
    }


def book_charge(world: World, charge: Json) -> None:
    """Write the charge's balance transaction, with a fee of 1.5 % and 25."""
    fee = round(charge["amount_captured"] * 15 / 1000) + 25
    entry = book(world, charge, "charge", charge["amount_captured"], fee)
    world.change(charge, balance_transaction=entry["id"])


def book(world: World, source: Json, kind: str, amount: int, fee: int = 0) -> Json:
    """Write a balance transaction; `amount` is negative for money that leaves."""
    now = int(time.time())
    return world.create({
        "id": new_id("txn"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": now,
        "created": now,
        "currency": source["currency"],
        "description": None,
        "fee": fee,
        "fee_details": [],
        "livemode": False,
        "net": amount - fee,
        "reporting_category": kind,
        "source": source["id"],
        "status": "available",
        "type": kind,
    })  # fmt: skip


def plan_aftermath(world: World, charge: Json, instrument: Instrument) -> None:
    if instrument.after in ("dispute", "dispute_not_received", "inquiry"):
        world.later(world.settings.dispute_after, f"open_{instrument.after}", charge)
