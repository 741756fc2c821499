"""`expand[]`: ids replaced by the objects they name."""

from __future__ import annotations

from typing import Any

from tools.stripe_fake.errors import Json, refused
from tools.stripe_fake.ledger import PRIVATE, Ledger, public

MAX_DEPTH = 4


def expand(ledger: Ledger, shown: Json, paths: list[Any]) -> Json:
    """
    Replace, in an object that is already a copy, what the paths name.

    :raises StripeError: a path leads nowhere, or too deep.
    """
    for path in paths:
        parts = str(path).split(".")
        if len(parts) > MAX_DEPTH:
            raise refused(f"Properties can be expanded {MAX_DEPTH} levels deep at most.", param="expand")
        _walk(ledger, shown, parts)
    return shown


def _walk(ledger: Ledger, node: Any, parts: list[str]) -> None:
    if isinstance(node, list):
        for item in node:
            _walk(ledger, item, parts)
        return
    if not parts or node is None:
        return
    name, rest = parts[0], parts[1:]
    if not isinstance(node, dict):
        raise refused(f"This property cannot be expanded ({name}).", param="expand")
    if name not in node:
        node[name] = _computed(ledger, node, name)
    child = node[name]
    if isinstance(child, str):
        found = ledger.find(child)
        if found is None:
            raise refused(f"This property cannot be expanded ({name}).", param="expand")
        node[name] = public(found)
    _walk(ledger, node[name], rest)


def _computed(ledger: Ledger, node: Json, name: str) -> Json:
    if node.get("object") == "charge" and name == "refunds":
        refunds = [refund for refund in ledger.all("refund") if refund["charge"] == node["id"]][::-1]
        return public(list_of(refunds, f"/v1/charges/{node['id']}/refunds"))
    if node.get("object") == "checkout.session" and name == "line_items":
        session = ledger.get("checkout.session", node["id"])
        url = f"/v1/checkout/sessions/{node['id']}/line_items"
        return public(list_of(session[PRIVATE]["line_items"], url))
    raise refused(f"This property cannot be expanded ({name}).", param="expand")


def list_of(things: list[Json], url: str) -> Json:
    return {"object": "list", "data": things, "has_more": False, "url": url}
