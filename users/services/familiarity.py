"""Telling a sign-in from where its owner usually is from one that they should hear of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from shop.events.outbox import publish
from users.events import UnfamiliarSignIn
from users.models import Session
from users.versions import raised_version

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from users.devices import Client

# Far more than people have; whoever has more knows what they do.
_MOST_REMEMBERED = 200
# A program's version changes by itself.
_VERSION = re.compile(r"[0-9][0-9._]*")


def tell_if_unfamiliar(*, user_id: UUID, session_id: UUID, client: Client, now: datetime) -> None:
    """
    Announce a sign-in with a kind of device, or from a network, that this account was never signed in from before.

    Sessions are remembered as long as they are kept. The first one of all says nothing. In the caller's transaction;
    one statement when it is familiar. Emits: ``users.unfamiliar_sign_in.v1``.
    """
    earlier = list(
        Session.objects.filter(user_id=user_id)
        .exclude(pk=session_id)
        .order_by("-pk")
        .values_list("device", "address")[:_MOST_REMEMBERED]
    )
    devices = {_kind(device) for device, _ in earlier}
    networks = {network for _, network in earlier}
    if not earlier or (_kind(client.device) in devices and client.network in networks):
        return
    publish(
        UnfamiliarSignIn(user_id=user_id, version=raised_version(user_id), session_id=session_id), now=now
    )


def _kind(device: str) -> str:
    return _VERSION.sub("", device)
