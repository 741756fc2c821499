import json
from datetime import UTC, datetime
from uuid import UUID

import pytest

from shop.events.envelope import Envelope, InvalidEnvelope, Unsendable, decode, encode

ENVELOPE = Envelope(
    id=UUID("018f8e2a-0000-7000-8000-000000000001"),
    type="orders.order_paid.v1",
    key="018f8e2a-0000-7000-8000-000000000002",
    version=3,
    time=datetime(2026, 11, 23, 12, 0, tzinfo=UTC),
    data={"order_id": "018f8e2a-0000-7000-8000-000000000002", "name": "Äpfel"},
)
SAID = {
    "specversion": "1.0",
    "id": "018f8e2a-0000-7000-8000-000000000001",
    "source": "/shop",
    "type": "orders.order_paid.v1",
    "subject": "018f8e2a-0000-7000-8000-000000000002",
    "time": "2026-11-23T12:00:00+00:00",
    "datacontenttype": "application/json",
    "aggregateversion": 3,
    "data": {"order_id": "018f8e2a-0000-7000-8000-000000000002", "name": "Äpfel"},
}


class TestEncode:
    def test_writes_cloudevents_in_structured_mode(self):
        assert json.loads(encode(ENVELOPE)) == SAID

    @pytest.mark.parametrize(
        "data", [{"x": float("nan")}, {"x": object()}, {"x": "\ud800"}], ids=["nan", "object", "surrogate"]
    )
    def test_refuses_what_is_no_json(self, data):
        unsendable = Envelope(
            id=ENVELOPE.id, type=ENVELOPE.type, key=ENVELOPE.key, version=1, time=ENVELOPE.time, data=data
        )

        with pytest.raises(Unsendable, match=r"orders\.order_paid\.v1 can't be written as JSON"):
            encode(unsendable)


class TestDecode:
    def test_returns_what_was_encoded(self):
        assert decode(encode(ENVELOPE)) == ENVELOPE

    def test_ignores_attributes_it_does_not_know(self):
        assert decode(json.dumps({**SAID, "traceparent": "00-1-2-01"}).encode()) == ENVELOPE

    @pytest.mark.parametrize(
        "message", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"data": NaN}']
    )
    def test_refuses_what_is_no_json_object(self, message):
        with pytest.raises(InvalidEnvelope, match="The message is no JSON"):
            decode(message)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("specversion", "0.3"),
            ("specversion", None),
            ("source", "/elsewhere"),
            ("datacontenttype", "text/xml"),
            ("id", "7"),
            ("id", "{018f8e2a-0000-7000-8000-00000000001}"),
            ("id", 7),
            ("type", "order_paid"),
            ("type", "orders.order_paid.v0"),
            ("subject", ""),
            ("subject", "a\x00b"),
            ("subject", "x" * 65),
            ("time", "yesterday"),
            ("time", "2026-11-23T12:00:00"),
            ("aggregateversion", 0),
            ("aggregateversion", True),
            ("aggregateversion", "3"),
            ("aggregateversion", 2**31),
            ("data", []),
            ("data", None),
        ],
    )
    def test_refuses_an_attribute_that_is_wrong(self, name, value):
        with pytest.raises(InvalidEnvelope, match=f"^{name} "):
            decode(json.dumps({**SAID, name: value}).encode())

    @pytest.mark.parametrize("name", sorted(set(SAID) - {"datacontenttype"}))
    def test_refuses_a_missing_attribute(self, name):
        said = {attribute: value for attribute, value in SAID.items() if attribute != name}

        with pytest.raises(InvalidEnvelope, match=f"^{name} "):
            decode(json.dumps(said).encode())
