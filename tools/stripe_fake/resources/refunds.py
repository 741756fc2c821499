"""Refunds: bounded by what was captured, and some of them fail later."""

from __future__ import annotations

import time

from tools.stripe_fake.call import Call
from tools.stripe_fake.currencies import check_amount
from tools.stripe_fake.errors import Json, StripeError, invalid, refused
from tools.stripe_fake.ids import new_id
from tools.stripe_fake.ledger import public
from tools.stripe_fake.lists import matching, page
from tools.stripe_fake.registry import route, timed
from tools.stripe_fake.resources.charges import book
from tools.stripe_fake.resources.payment_methods import instrument_of
from tools.stripe_fake.world import World

REASONS = ("duplicate", "fraudulent", "requested_by_customer")


@route("POST", "/v1/refunds")
def create(call: Call) -> Json:
    charge = _charge(call)
    _check_refundable(call.world, charge)
    rest = charge["amount_captured"] - refunded(call.world, charge)
    amount = call.params.integer("amount")
    amount = rest if amount is None else amount
    check_amount(amount, charge["currency"], minimum=1)
    if amount > rest:
        message = f"The refund of {amount} is greater than the {rest} of the charge that is not refunded yet."
        raise refused(message, param="amount")
    refund = _new_refund(charge, amount, call.params.choice("reason", REASONS), call.params.metadata())
    method = call.world.ledger.get("payment_method", charge["payment_method"])
    after = instrument_of(method).after
    if after == "refund_pending" or charge["payment_method_details"]["type"] != "card":
        refund["status"] = "pending"
    call.world.create(refund)
    entry = book(call.world, refund, "refund", -amount)
    call.world.change(refund, balance_transaction=entry["id"])
    call.world.emit("refund.created", refund)
    _recount(call.world, charge)
    call.world.emit("charge.refunded", charge)
    if refund["status"] == "pending":
        call.world.later(call.world.settings.refund_after, "finish_refund", refund)
    elif after == "refund_fails":
        call.world.later(call.world.settings.refund_after, "fail_refund", refund)
    return refund


@route("GET", "/v1/refunds")
def list_all(call: Call) -> Json:
    return page(call, matching(call, call.world.ledger.all("refund"), "payment_intent", "charge"))


@route("GET", "/v1/refunds/{id}")
def retrieve(call: Call) -> Json:
    return call.get("refund")


@route("POST", "/v1/refunds/{id}")
def update(call: Call) -> Json:
    refund = call.get("refund")
    before = dict(refund["metadata"])
    call.world.change(refund, metadata=call.params.metadata(before))
    call.world.emit("refund.updated", refund, {"metadata": before})
    return refund


@route("POST", "/v1/refunds/{id}/cancel")
def cancel(call: Call) -> Json:
    call.get("refund")
    raise refused("Only a refund that waits for the customer's action can be canceled.")


@timed("finish_refund")
def finish(world: World, refund: Json) -> None:
    """Let a pending refund succeed."""
    if refund["status"] == "pending":
        world.change(refund, status="succeeded")
        world.emit("refund.updated", refund, {"status": "pending"})
        world.emit("charge.refund.updated", refund, {"status": "pending"})


@timed("fail_refund")
def fail(world: World, refund: Json) -> None:
    """Let a refund fail after it looked well; its money is the shop's again."""
    if refund["status"] in ("failed", "canceled"):
        return
    before = {"status": refund["status"]}
    entry = book(world, refund, "refund_failure", refund["amount"])
    world.change(refund, status="failed", failure_reason="unknown", failure_balance_transaction=entry["id"])
    _recount(world, world.ledger.get("charge", refund["charge"]))
    world.emit("refund.failed", refund, before)
    world.emit("charge.refund.updated", refund, before)


def refunded(world: World, charge: Json) -> int:
    """Return the sum of the charge's refunds that did not fail."""
    return sum(
        refund["amount"]
        for refund in world.ledger.all("refund")
        if refund["charge"] == charge["id"] and refund["status"] not in ("failed", "canceled")
    )


def _recount(world: World, charge: Json) -> None:
    total = refunded(world, charge)
    world.change(charge, amount_refunded=total, refunded=total == charge["amount_captured"])


def _charge(call: Call) -> Json:
    if ("charge" in call.params) == ("payment_intent" in call.params):
        raise invalid("Give one of charge and payment_intent.", "payment_intent", "parameter_missing")
    charge = call.referred("charge", "charge")
    if charge is not None:
        return charge
    intent = call.referred("payment_intent", "payment_intent")
    if intent is None:
        raise invalid("Missing required param: payment_intent.", "payment_intent", "parameter_missing")
    if intent["status"] != "succeeded":
        message = f"The PaymentIntent {intent['id']} has no successful charge to refund."
        raise refused(message, "payment_intent_unexpected_state", payment_intent=public(intent))
    return call.world.ledger.get("charge", intent["latest_charge"])


def _check_refundable(world: World, charge: Json) -> None:
    error: StripeError | None = None
    if charge["status"] != "succeeded" or not charge["captured"]:
        error = refused(
            f"Charge {charge['id']} took no money, so there is nothing to refund.", param="charge"
        )
    elif charge["refunded"]:
        error = refused(f"Charge {charge['id']} has already been refunded.", "charge_already_refunded")
    elif _is_charged_back(world, charge):
        error = refused(f"Charge {charge['id']} has been charged back.", "charge_disputed")
    if error is not None:
        raise error


def _is_charged_back(world: World, charge: Json) -> bool:
    """Return whether a dispute holds the money; a mere inquiry does not."""
    disputes = [dispute for dispute in world.ledger.all("dispute") if dispute["charge"] == charge["id"]]
    return any(
        not dispute["status"].startswith("warning") and dispute["status"] != "won" for dispute in disputes
    )


def _new_refund(charge: Json, amount: int, reason: str | None, metadata: dict[str, str]) -> Json:
    return {
        "id": new_id("re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": int(time.time()),
        "currency": charge["currency"],
        "destination_details": {"card": {"type": "refund"}, "type": "card"},
        "metadata": metadata,
        "payment_intent": charge["payment_intent"],
        "reason": reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }
