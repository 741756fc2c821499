"""Stripe in the same thread: the shop's gateway and SDK, and the fake behind them, without a socket between."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from stripe import HTTPClient, StripeClient

from tools.stripe_fake import StripeFake
from tools.stripe_fake.http import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

SECRET = "whsec_machine"
_ADDRESS = "http://stripe.test"


class Bank(HTTPClient):
    """
    A fake of Stripe that is asked by calls; what it does later, it does when it is told to.

    ``new`` replaces it by an empty one, so that a client which is made once serves all examples.
    """

    name = "bank"

    def __init__(self) -> None:
        super().__init__()
        self.new()

    def new(self) -> None:
        """Forget everything."""
        self.fake = StripeFake(webhook_secret=SECRET)
        self._told = 0

    def client(self, *_: Any) -> StripeClient:
        """Return the SDK's client, as ``payments.gateway`` makes one."""
        return StripeClient(
            "sk_test_machine", http_client=self, max_network_retries=0, base_addresses={"api": _ADDRESS}
        )

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **_: Any
    ) -> tuple[str, int, Mapping[str, str]]:
        """Answer a call of the SDK."""
        parts = urlsplit(url)
        lower = {name.lower(): value for name, value in (headers or {}).items()}
        body = post_data.encode() if isinstance(post_data, str) else post_data or b""
        asked = Request(method.upper(), parts.path, parts.query, lower, body)
        answer = self.fake._answer(asked)
        return answer.body.decode(), answer.status, answer.headers

    def close(self) -> None:
        """Do nothing: there is no connection."""

    def confirm(self, pi_id: str, method: str) -> int:
        """Confirm an intent as the shopper's browser does; return the status of the answer."""
        form = {"client_secret": self.fake.get(pi_id)["client_secret"], "payment_method": method}
        headers = {"Authorization": "Bearer pk_test_browser"}
        url = f"{_ADDRESS}/v1/payment_intents/{pi_id}/confirm"
        return self.request("post", url, headers, urlencode(form))[1]

    @property
    def has_news(self) -> bool:
        """Whether there are webhooks that nobody was told of."""
        return len(self.fake._world.ledger.all("event")) > self._told

    def webhooks(self, now: Callable[[], datetime]) -> Iterator[tuple[bytes, str]]:
        """Yield the body and signature of each webhook since the last time, oldest first."""
        events = self.fake.ledger("event")
        news, self._told = events[self._told :], len(events)
        for event in news:
            raw = json.dumps({name: value for name, value in event.items() if name != "_made_by"}).encode()
            yield raw, self.fake.sign(raw, int(now().timestamp()))
