"""The account and its balance."""

from __future__ import annotations

from collections import Counter

from tools.stripe_fake.call import Call
from tools.stripe_fake.errors import Json
from tools.stripe_fake.lists import matching, page
from tools.stripe_fake.registry import route

ACCOUNT_ID = "acct_1LocalFakeOfStripe"


@route("GET", "/v1/account")
def retrieve(call: Call) -> Json:
    return {
        "id": ACCOUNT_ID,
        "object": "account",
        "business_type": "company",
        "charges_enabled": True,
        "country": "DE",
        "default_currency": "eur",
        "details_submitted": True,
        "email": "fake@example.com",
        "livemode": False,
        "metadata": {},
        "payouts_enabled": True,
        "settings": {"dashboard": {"display_name": "Local fake", "timezone": "Etc/UTC"}},
        "type": "standard",
    }


@route("GET", "/v1/balance")
def balance(call: Call) -> Json:
    sums: Counter[str] = Counter()
    for entry in call.world.ledger.all("balance_transaction"):
        sums[entry["currency"]] += entry["net"]
    amounts = [
        {"amount": amount, "currency": currency, "source_types": {"card": amount}}
        for currency, amount in sorted(sums.items())
    ] or [{"amount": 0, "currency": "eur", "source_types": {"card": 0}}]
    return {"object": "balance", "available": amounts, "livemode": False, "pending": []}


@route("GET", "/v1/balance_transactions")
def list_entries(call: Call) -> Json:
    entries = call.world.ledger.all("balance_transaction")
    return page(call, matching(call, entries, "source", "type", "currency"))


@route("GET", "/v1/balance_transactions/{id}")
def retrieve_entry(call: Call) -> Json:
    return call.get("balance_transaction")
