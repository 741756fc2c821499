"""Disputes: opened by test cards or by control, answered by evidence, closed by a verdict."""

from __future__ import annotations

import time

from tools.stripe_fake.call import Call
from tools.stripe_fake.errors import Json, invalid, refused
from tools.stripe_fake.ids import new_id
from tools.stripe_fake.lists import matching, page
from tools.stripe_fake.registry import route, timed
from tools.stripe_fake.resources.charges import book
from tools.stripe_fake.world import World

FEE = 1500
RESPOND_WITHIN = 7 * 86400
_ANSWERABLE = ("needs_response", "warning_needs_response")
_OPEN = (*_ANSWERABLE, "under_review", "warning_under_review")
# These texts decide the verdict in Stripe's test mode too.
_WINNING, _LOSING = "winning_evidence", "losing_evidence"


@route("GET", "/v1/disputes")
def list_all(call: Call) -> Json:
    return page(call, matching(call, call.world.ledger.all("dispute"), "charge", "payment_intent"))


@route("GET", "/v1/disputes/{id}")
def retrieve(call: Call) -> Json:
    return call.get("dispute")


@route("POST", "/v1/disputes/{id}")
def update(call: Call) -> Json:
    dispute, params = call.get("dispute"), call.params
    given = params.group("evidence").values
    if given and dispute["status"] not in _ANSWERABLE:
        raise refused("The dispute takes no evidence any more.")
    unknown = set(given) - set(dispute["evidence"])
    if unknown:
        name = sorted(unknown)[0]
        raise invalid(
            f"Received unknown parameter: evidence[{name}]", f"evidence[{name}]", "parameter_unknown"
        )
    evidence = {**dispute["evidence"], **given}
    details = {**dispute["evidence_details"], "has_evidence": any(evidence.values())}
    call.world.change(
        dispute, metadata=params.metadata(dispute["metadata"]), evidence=evidence, evidence_details=details
    )
    # Evidence is sent at once unless the call says otherwise.
    if given and params.text("submit") != "false":
        details["submission_count"] += 1
        is_inquiry = dispute["status"].startswith("warning")
        call.world.change(dispute, status="warning_under_review" if is_inquiry else "under_review")
        call.world.later(call.world.settings.dispute_after, "judge_dispute", dispute)
    call.world.emit("charge.dispute.updated", dispute)
    return dispute


@route("POST", "/v1/disputes/{id}/close")
def close(call: Call) -> Json:
    return conclude(call.world, call.get("dispute"), "lost")


@timed("open_dispute")
def open_fraudulent(world: World, charge: Json) -> None:
    open_dispute(world, charge)


@timed("open_dispute_not_received")
def open_not_received(world: World, charge: Json) -> None:
    open_dispute(world, charge, reason="product_not_received")


@timed("open_inquiry")
def open_inquiry(world: World, charge: Json) -> None:
    open_dispute(world, charge, is_inquiry=True)


def open_dispute(
    world: World,
    charge: Json,
    *,
    amount: int | None = None,
    reason: str = "fraudulent",
    is_inquiry: bool = False,
) -> Json:
    """
    Let the cardholder dispute a charge; the money leaves at once, except by an inquiry.

    :raises StripeError: it is disputed already, or took no money.
    """
    if charge["disputed"] or not charge["captured"]:
        raise refused(f"Charge {charge['id']} cannot be disputed.")
    dispute = world.create(
        _new_dispute(charge, amount or charge["amount_captured"], reason, is_inquiry=is_inquiry)
    )
    world.change(charge, disputed=True)
    world.emit("charge.dispute.created", dispute)
    if not is_inquiry:
        _book(world, dispute, -dispute["amount"], FEE)
        world.emit("charge.dispute.funds_withdrawn", dispute)
    return dispute


def _book(world: World, dispute: Json, amount: int, fee: int) -> None:
    entry = book(world, dispute, "adjustment", amount, fee)
    world.change(dispute, balance_transactions=[*dispute["balance_transactions"], entry])


@timed("judge_dispute")
def judge(world: World, dispute: Json) -> None:
    """Give the verdict that the evidence asks for; without such a text it stays under review."""
    if dispute["status"] not in _OPEN:
        return
    text = dispute["evidence"]["uncategorized_text"] or ""
    if _WINNING in text or _LOSING in text:
        conclude(world, dispute, "won" if _WINNING in text else "lost")


def conclude(world: World, dispute: Json, verdict: str) -> Json:
    """
    Close a dispute as `won` or `lost`; an inquiry closes as `warning_closed`.

    :raises StripeError: it is closed already.
    """
    if dispute["status"] not in _OPEN:
        raise refused(f"The dispute {dispute['id']} is already closed.")
    before = dispute["status"]
    status = "warning_closed" if before.startswith("warning") else verdict
    world.change(dispute, status=status, is_charge_refundable=False)
    world.emit("charge.dispute.closed", dispute, {"status": before})
    if status == "won":
        _book(world, dispute, dispute["amount"], 0)
        world.emit("charge.dispute.funds_reinstated", dispute)
    if status == "warning_closed":
        world.change(world.ledger.get("charge", dispute["charge"]), disputed=False)
    return dispute


def _new_dispute(charge: Json, amount: int, reason: str, *, is_inquiry: bool) -> Json:
    now = int(time.time())
    names = ("access_activity_log", "billing_address", "cancellation_policy", "cancellation_rebuttal",
             "customer_communication", "customer_email_address", "customer_name", "customer_purchase_ip",
             "customer_signature", "duplicate_charge_explanation", "product_description", "receipt",
             "refund_policy", "refund_policy_disclosure", "refund_refusal_explanation", "service_date",
             "service_documentation", "shipping_address", "shipping_carrier", "shipping_date",
             "shipping_documentation", "shipping_tracking_number", "uncategorized_file",
             "uncategorized_text")  # fmt: skip
    return {
        "id": new_id("dp"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": dict.fromkeys(names),
        "evidence_details": {
            "due_by": now + RESPOND_WITHIN,
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": is_inquiry,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {"type": "card", "card": {"brand": "visa", "case_type": "chargeback"}},
        "reason": reason,
        "status": "warning_needs_response" if is_inquiry else "needs_response",
    }
