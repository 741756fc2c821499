"""Pictures that files have named, fetched from the web and from nowhere else."""

from __future__ import annotations

import http.client
import io
import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from products import services
from products.models import Product
from products.pictures import MAX_BYTES
from products.services.images import IMAGE_LIMIT
from shop.core.errors import DomainError, ValidationFailed
from shop.core.transactions import forbid_transaction

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

_HOPS = 3
_ANSWER_SECONDS = 10.0
_TOGETHER_SECONDS = 60.0
_PIECE = 64 * 1024
_MOVED = frozenset({301, 302, 303, 307, 308})
_KEPT_PROBLEMS = 1000
_AT_ONCE = 100
_UNQUOTED = "/%:@!$&'()*+,;=~?"
_THE_WEB = ipaddress.ip_network("2000::/3")
# They lead to an IPv4 address that they hold: 6to4 and Teredo.
_TUNNELS = (ipaddress.ip_network("2002::/16"), ipaddress.ip_network("2001::/32"))


class NotFetched(Exception):
    """Raised when an address is not fetched, or gives nothing; the text says why."""


@dataclass(frozen=True, kw_only=True)
class Reach:
    """Where fetching may go: how names become addresses, and which of those are allowed."""

    resolve: Callable[[str, int], Sequence[str]]
    allows: Callable[[str], bool]


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A picture that didn't come."""

    product: str
    url: str
    reason: str


@dataclass(kw_only=True)
class Fetched:
    """What came of it; ``problems`` are the first of ``problem_count``."""

    products: int = 0
    pictures: int = 0
    problems: list[Problem] = field(default_factory=list)
    problem_count: int = 0


def resolved(host: str, port: int) -> Sequence[str]:
    """
    Return all addresses of a name.

    :raises OSError: it has none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def is_public(address: str) -> bool:
    """Tell whether an address is one of the public web, and not of this machine, its network or its host."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            ip = ip.ipv4_mapped
        elif ip not in _THE_WEB or any(ip in tunnel for tunnel in _TUNNELS):
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


WEB = Reach(resolve=resolved, allows=is_public)


def fetch_images(
    *,
    actor_id: UUID | None,
    now: datetime,
    reach: Reach = WEB,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Fetched:
    """
    Fetch the pictures of the products that have none and whose file named some; call it outside of a transaction.

    What doesn't come is told in ``problems`` and keeps nothing else out.
    """
    forbid_transaction("Fetching pictures")
    waiting = Product.objects.filter(archived_at=None, images=None).exclude(image_sources=[])
    total, found = waiting.count(), Fetched()
    for product in _each(waiting):
        found.products += 1
        for source in product.image_sources[:IMAGE_LIMIT]:
            try:
                content = fetch(source["url"], reach=reach)
                services.upload_image(
                    product_id=product.pk,
                    upload=io.BytesIO(content),
                    alt=source["alt"],
                    actor_id=actor_id,
                    now=now,
                )
                found.pictures += 1
            except (NotFetched, DomainError) as refusal:
                found.problem_count += 1
                if len(found.problems) < _KEPT_PROBLEMS:
                    problem = Problem(product=product.slug, url=source["url"], reason=_reason(refusal))
                    found.problems.append(problem)
        on_progress(found.products, total)
    return found


def fetch(url: str, *, reach: Reach = WEB) -> bytes:
    """
    Return what is at an address, at most 10 MB.

    The connection goes to an address that has been looked at, so a name that means another one a moment later leads
    nowhere; and each address that it moves on to is looked at like the first.

    :raises NotFetched: it isn't allowed, isn't there, is too large, or takes too long.
    """
    until = time.monotonic() + _TOGETHER_SECONDS
    for _ in range(_HOPS + 1):
        answer = _asked(url, reach, until)
        if isinstance(answer, bytes):
            return answer
        url = urljoin(url, answer)
    raise NotFetched("It moves on and on.")


def _asked(url: str, reach: Reach, until: float) -> bytes | str:
    """Return what is there, or the address to which it has moved."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        host = (parts.hostname or "").encode("idna").decode()
    except ValueError as error:
        raise NotFetched("This is no address.") from error
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
        raise NotFetched("Only http and https are fetched.")
    try:
        addresses = reach.resolve(host, port)
        if not addresses or not all(map(reach.allows, addresses)):
            raise NotFetched("Only addresses of the public web are fetched.")
        with _connected(parts.scheme, host, port, addresses[0]) as connection:
            return _answer(connection, parts, until)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NotFetched(f"There is no answer: {type(error).__name__}.") from error


def _answer(connection: _Connection, parts: SplitResult, until: float) -> bytes | str:
    path = quote(parts.path or "/", safe=_UNQUOTED) + (
        f"?{quote(parts.query, safe=_UNQUOTED)}" if parts.query else ""
    )
    connection.request("GET", path, headers={"Accept": "image/*", "Accept-Encoding": "identity"})
    with connection.getresponse() as response:
        if response.status in _MOVED:
            return response.headers.get("Location", "")
        if response.status != http.client.OK:
            raise NotFetched(f"The answer is {response.status}.")
        return _content(response, until)


def _content(response: http.client.HTTPResponse, until: float) -> bytes:
    content = bytearray()
    # A piece at a time: each may be quick, and all of them together endless.
    while piece := response.read1(_PIECE):
        content += piece
        if len(content) > MAX_BYTES:
            raise NotFetched("A picture may have 10 MB.")
        if time.monotonic() > until:
            raise NotFetched("It takes too long.")
    return bytes(content)


class _Connection(http.client.HTTPConnection):
    """A connection to an address that was chosen before, under the name that the certificate must be for."""

    def __init__(self, host: str, port: int, *, address: str, context: ssl.SSLContext | None) -> None:
        super().__init__(host, port, timeout=_ANSWER_SECONDS)
        self._address = address
        self._context = context

    def connect(self) -> None:
        """Connect to the address, whatever the name means by now."""
        plain = socket.create_connection((self._address, self.port), self.timeout)
        self.sock = (
            plain if self._context is None else self._context.wrap_socket(plain, server_hostname=self.host)
        )

    def __enter__(self) -> _Connection:
        return self

    def __exit__(self, *exc_info: Any) -> None:
        self.close()


def _connected(scheme: str, host: str, port: int, address: str) -> _Connection:
    context = ssl.create_default_context(cafile=DEFAULT_CA_BUNDLE_PATH) if scheme == "https" else None
    return _Connection(host, port, address=address, context=context)


def _each(products: Any) -> Iterator[Product]:
    last = 0
    while batch := list(products.filter(pk__gt=last).order_by("pk")[:_AT_ONCE]):
        yield from batch
        last = batch[-1].pk


def _reason(refusal: Exception) -> str:
    if isinstance(refusal, ValidationFailed):
        return " ".join(error.detail for error in refusal.errors)
    return str(refusal)
