"""What each call answers in each state of an order and of a return: the documents show it, a test asks for each."""

from __future__ import annotations

from itertools import product

# action -> what is called.
ACTIONS = {
    "pay": "`POST payments/`",
    "cancel": "`POST orders/{id}/cancel/`",
    "cancel lines": "the same with `lines`, by staff",
    "send": "`POST orders/{id}/fulfilments/`",
    "deliver": "`POST orders/{id}/deliver/`",
    "ask back": "`POST orders/{id}/returns/`",
    "reorder": "`POST orders/{id}/reorder/`",
    "claim": "`POST orders/{id}/claim/` with the order's token",
    "expire": "the worker, once the time to pay is over",
}
_NO, _UNPAID, _NONE_LEFT = "409 transition_not_allowed", "409 not_paid", "400 validation_failed"
_NOT_PAYABLE = "409 order_not_payable"
_ALWAYS = ("200", "200")
_MONEY_HERE = ("authorized", "paid", "partially_refunded")
_ALL_MONEY = (*_MONEY_HERE, "refunded")

# (statuses, payment statuses, fulfilment statuses) -> the answers, in the order of the actions. No other state can be
# reached.
_ROWS: list[tuple[tuple[tuple[str, ...], ...], tuple[str, ...]]] = [
    (
        (("pending",), ("unpaid", "failed"), ("unfulfilled",)),
        ("201", "200", _NO, _UNPAID, _NO, _NO, *_ALWAYS, "expires"),
    ),
    (
        (("pending",), ("processing",), ("unfulfilled",)),
        ("201", "200", _NO, _UNPAID, _NO, _NO, *_ALWAYS, "stays"),
    ),
    (
        (("expired",), ("unpaid", "failed"), ("unfulfilled",)),
        (_NOT_PAYABLE, _NO, _NO, _NO, _NO, _NO, *_ALWAYS, "stays"),
    ),
    (
        (("cancelled",), ("unpaid", "failed", "processing", *_ALL_MONEY), ("unfulfilled",)),
        (_NOT_PAYABLE, _NO, _NO, _NO, _NO, _NO, *_ALWAYS, "stays"),
    ),
    # What was authorized could not be taken.
    (
        (("confirmed",), ("unpaid", "failed"), ("unfulfilled",)),
        ("201", "200", "200", _UNPAID, _NO, _NO, *_ALWAYS, "stays"),
    ),
    (
        (("confirmed",), _MONEY_HERE, ("unfulfilled",)),
        (_NOT_PAYABLE, "200", "200", "200", _NO, _NO, *_ALWAYS, "stays"),
    ),
    (
        (("confirmed",), ("refunded",), ("unfulfilled",)),
        (_NOT_PAYABLE, "200", "200", _UNPAID, _NO, _NO, *_ALWAYS, "stays"),
    ),
    (
        (("confirmed",), _MONEY_HERE, ("partial",)),
        (_NOT_PAYABLE, _NO, "200", "200", "200", "201", *_ALWAYS, "stays"),
    ),
    (
        (("confirmed",), ("refunded",), ("partial",)),
        (_NOT_PAYABLE, _NO, "200", _UNPAID, "200", "201", *_ALWAYS, "stays"),
    ),
    (
        (("confirmed",), _MONEY_HERE, ("shipped",)),
        (_NOT_PAYABLE, _NO, _NONE_LEFT, _NO, "200", "201", *_ALWAYS, "stays"),
    ),
    (
        (("confirmed",), ("refunded",), ("shipped",)),
        (_NOT_PAYABLE, _NO, _NONE_LEFT, _UNPAID, "200", "201", *_ALWAYS, "stays"),
    ),
    (
        (("completed",), _ALL_MONEY, ("delivered",)),
        (_NOT_PAYABLE, _NO, _NO, _NO, _NO, "201", *_ALWAYS, "stays"),
    ),
    (
        (("completed",), _ALL_MONEY, ("returned",)),
        (_NOT_PAYABLE, _NO, _NO, _NO, _NO, _NONE_LEFT, *_ALWAYS, "stays"),
    ),
]
# Every state that an order can be in -> what each action answers there.
ANSWERS: dict[tuple[str, ...], dict[str, str]] = {
    state: dict(zip(ACTIONS, answers, strict=True)) for states, answers in _ROWS for state in product(*states)
}
# Where a return is -> what a PATCH to each status answers.
RETURN_ANSWERS: dict[str, dict[str, str]] = {
    "requested": {"approved": "200", "rejected": "200", "received": _NO, "refunded": _NO},
    "approved": {"approved": _NO, "rejected": "200", "received": "200", "refunded": _NO},
    "rejected": {"approved": _NO, "rejected": _NO, "received": _NO, "refunded": _NO},
    "received": {"approved": _NO, "rejected": _NO, "received": _NO, "refunded": "200"},
    "refunded": {"approved": _NO, "rejected": _NO, "received": _NO, "refunded": _NO},
}
HEAD = """\
## What each call answers

Every state that an order can be in, and what each call answers there; a test asks for each of them. Whatever isn't a
2xx has changed nothing. The order has something to send: a unit is left where it is `partial`, and a parcel is under way
where it is `partial` or `shipped`.
"""
OF_RETURNS = """\
A return has states of its own, which staff move it along by `PATCH orders/{id}/returns/{return}/`, whatever the state
of its order.
"""


def document() -> str:
    """Return the tables of answers as Markdown."""
    calls = "\n".join(f"- {action}: {call}" for action, call in ACTIONS.items())
    return "\n".join([HEAD, calls, "", _of_orders(), "", OF_RETURNS, _of_returns(), ""])


def _of_orders() -> str:
    head = ["status", "payment_status", "fulfilment_status", *ACTIONS]
    rows = [
        [*(", ".join(f"`{one}`" for one in states) for states in where), *map(_shown, answers)]
        for where, answers in _ROWS
    ]
    return _table(head, rows)


def _of_returns() -> str:
    steps = list(RETURN_ANSWERS["requested"])
    rows = [[f"`{here}`", *map(_shown, answers.values())] for here, answers in RETURN_ANSWERS.items()]
    return _table(["from", *(f"to `{step}`" for step in steps)], rows)


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _shown(answer: str) -> str:
    status, _, code = answer.partition(" ")
    return f"{status} `{code}`" if code else status
