"""Customers and the payment methods they keep."""

from __future__ import annotations

import time

from tools.stripe_fake.call import Call
from tools.stripe_fake.errors import Json, missing
from tools.stripe_fake.ids import new_id, random_text
from tools.stripe_fake.lists import matching, page, search
from tools.stripe_fake.registry import route

_TEXTS = ("name", "email", "phone", "description")


@route("POST", "/v1/customers")
def create(call: Call) -> Json:
    customer: Json = {
        "id": new_id("cus", 14),
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": int(time.time()),
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "invoice_prefix": random_text(8).upper(),
        "invoice_settings": {"custom_fields": None, "default_payment_method": None, "footer": None},
        "livemode": False,
        "metadata": {},
        "name": None,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }
    customer.update(_given(call, customer))
    call.world.create(customer)
    call.world.emit("customer.created", customer)
    return customer


@route("GET", "/v1/customers/search")
def find(call: Call) -> Json:
    return search(call, _living(call))


@route("GET", "/v1/customers")
def list_all(call: Call) -> Json:
    return page(call, matching(call, _living(call), "email"))


@route("GET", "/v1/customers/{id}")
def retrieve(call: Call) -> Json:
    return call.get("customer")


@route("POST", "/v1/customers/{id}")
def update(call: Call) -> Json:
    customer = _living_one(call)
    given = _given(call, customer)
    before = {name: customer[name] for name, value in given.items() if customer[name] != value}
    call.world.change(customer, **given)
    call.world.emit("customer.updated", customer, before)
    return customer


@route("DELETE", "/v1/customers/{id}")
def delete(call: Call) -> Json:
    customer = _living_one(call)
    call.world.emit("customer.deleted", customer)
    for method in call.world.ledger.all("payment_method"):
        if method["customer"] == customer["id"]:
            call.world.change(method, customer=None)
    # A deleted customer can still be retrieved, but nothing of the person is left.
    for name in set(customer) - {"id", "object", "created", "livemode", "_fake"}:
        del customer[name]
    return call.world.change(customer, deleted=True)


@route("GET", "/v1/customers/{id}/payment_methods")
def list_methods(call: Call) -> Json:
    customer = _living_one(call)
    methods = [
        method for method in call.world.ledger.all("payment_method") if method["customer"] == customer["id"]
    ]
    return page(call, matching(call, methods, "type"))


@route("GET", "/v1/customers/{id}/payment_methods/{method}")
def retrieve_method(call: Call) -> Json:
    customer = _living_one(call)
    method = call.world.ledger.get("payment_method", call.path_values["method"], "payment_method")
    if method["customer"] != customer["id"]:
        raise missing("PaymentMethod", method["id"], "payment_method")
    return method


def _living(call: Call) -> list[Json]:
    return [customer for customer in call.world.ledger.all("customer") if not customer.get("deleted")]


def _living_one(call: Call) -> Json:
    customer = call.get("customer")
    if customer.get("deleted"):
        raise missing("customer", customer["id"])
    return customer


def _given(call: Call, customer: Json) -> Json:
    params = call.params
    values: Json = {name: params.text(name) for name in _TEXTS if name in params}
    for name in ("address", "shipping"):
        if name in params:
            values[name] = params.group(name).values or None
    if "metadata" in params:
        values["metadata"] = params.metadata(customer["metadata"])
    if "invoice_settings" in params:
        values["invoice_settings"] = {
            **customer["invoice_settings"],
            **params.group("invoice_settings").values,
        }
    return values
