"""Signing in and out: one row a sign-in, one living refresh token a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction

from shop.audit import services as audit
from shop.core.errors import NotFound
from shop.core.ids import new_id
from shop.core.transactions import use_case
from shop.events.outbox import publish
from users import ports, tokens
from users.errors import TokenInvalid
from users.events import RefreshTokenReused
from users.models import Session, User
from users.services.codes import count_code_try, use_code_to_sign_in
from users.services.familiarity import tell_if_unfamiliar
from users.services.recognition import claim, recognised
from users.versions import raised_version

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from users.devices import Client
    from users.services.recognition import Recognised
    from users.tokens import RefreshClaims, TokenPair


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """An opened session: its tokens, and whose it is."""

    user: User
    session_id: UUID
    tokens: TokenPair


def sign_in(
    *, email: str, password: str, client: Client, cart_token: str | None, now: datetime, otp: str = ""
) -> SignIn:
    """
    Open a session for whoever knows the password, and has the second factor where there is one.

    Transaction: its own; call it outside of one, because checking a password takes long. The receivers of
    ``ports.signed_in`` run in it. Emits: ``users.unfamiliar_sign_in.v1`` from a device or network never seen before.

    :param cart_token: the guest cart to take over, as the client sent it.
    :param otp: a code of the second factor; without one it isn't looked at.
    :raises InvalidCredentials: unknown address, wrong password or inactive account, all after the same work;
        nothing is written.
    :raises OtpRequired: the password is right and the second factor is ``missing``, ``wrong`` (or used), or
        ``not_set_up`` where staff must have one; nothing is written.
    :raises RateLimited: too often; nothing is written.
    """
    who = recognised(email=email, password=password, client=client)
    count_code_try(user_id=who.user.pk, otp=otp)
    return use_case(_open, who=who, otp=otp, client=client, cart_token=cart_token, now=now)


@transaction.atomic
def _open(*, who: Recognised, otp: str, client: Client, cart_token: str | None, now: datetime) -> SignIn:
    claim(who, now=now)
    use_code_to_sign_in(user=who.user, otp=otp, now=now)
    opened = open_session(user=who.user, client=client, now=now)
    tell_if_unfamiliar(user_id=who.user.pk, session_id=opened.session_id, client=client, now=now)
    for receiver in ports.signed_in.receivers():
        receiver(user_id=who.user.pk, cart_token=cart_token, now=now)
    return opened


@transaction.atomic
def open_session(*, user: User, client: Client, now: datetime) -> SignIn:
    """
    Open a session for an account whose owner has been recognised.

    Transaction: opens its own.
    """
    session_id = new_id()
    pair = tokens.issue(session_id=session_id, user_id=user.pk, now=now)
    Session.objects.create(
        pk=session_id,
        user=user,
        refresh_jti=pair.refresh_jti,
        created_at=now,
        last_seen_at=now,
        expires_at=pair.expires_at,
        device=client.device,
        address=client.network,
    )
    return SignIn(user=user, session_id=session_id, tokens=pair)


def rotate(*, refresh: str, now: datetime) -> TokenPair:
    """
    Exchange a refresh token for the next pair; the old one is used up.

    A genuine token that was used before ends its whole family: somebody has a copy.
    Transaction: its own; call it outside of one, because what a stolen token causes must stay although this
    raises. Emits: ``users.refresh_token_reused.v1``.

    :raises TokenInvalid: the token is no good, or its session or account isn't.
    """
    claims = tokens.read_refresh(refresh)
    pair = use_case(_advance, claims=claims, now=now)
    if pair is None:
        raise TokenInvalid
    return pair


@transaction.atomic
def _advance(*, claims: RefreshClaims, now: datetime) -> TokenPair | None:
    session = Session.objects.filter(pk=claims.session_id, ended_at__isnull=True).first()
    if session is None:
        return None
    pair = tokens.issue(session_id=session.pk, user_id=session.user_id, now=now)
    if not _take(claims, pair, now=now):
        _end_family(session, now=now)
        return None
    if not User.objects.living().filter(pk=session.user_id).exists():
        Session.objects.filter(pk=session.pk).update(ended_at=now, end_reason=Session.EndReason.DEACTIVATED)
        return None
    return pair


def _take(claims: RefreshClaims, pair: TokenPair, *, now: datetime) -> bool:
    # One statement both checks and moves the living token, so two uses of one token can't pass together.
    return bool(
        Session.objects.filter(pk=claims.session_id, refresh_jti=claims.jti, ended_at__isnull=True).update(
            refresh_jti=pair.refresh_jti, last_seen_at=now, expires_at=pair.expires_at
        )
    )


def _end_family(session: Session, *, now: datetime) -> None:
    ended = Session.objects.filter(pk=session.pk, ended_at__isnull=True).update(
        ended_at=now, end_reason=Session.EndReason.TOKEN_REUSED
    )
    if not ended:
        return
    audit.record(actor_id=None, action="users.refresh_token_reused", target=session, now=now)
    publish(
        RefreshTokenReused(
            user_id=session.user_id, version=raised_version(session.user_id), session_id=session.pk
        ),
        now=now,
    )


@transaction.atomic
def sign_out(*, refresh: str, now: datetime) -> None:
    """
    End the session of a refresh token, used or not; one that has ended already stays as it is.

    Transaction: opens its own.

    :raises TokenInvalid: it is no refresh token of this shop, or has expired.
    """
    claims = tokens.read_refresh(refresh)
    Session.objects.filter(pk=claims.session_id, ended_at__isnull=True).update(
        ended_at=now, end_reason=Session.EndReason.SIGNED_OUT
    )


@transaction.atomic
def sign_out_everywhere(*, user_id: UUID, now: datetime) -> None:
    """
    End every session of an account.

    Transaction: opens its own.
    """
    end_sessions(user_id=user_id, reason=Session.EndReason.SIGNED_OUT_EVERYWHERE, now=now)


@transaction.atomic
def end_session(*, user_id: UUID, session_id: UUID, now: datetime) -> None:
    """
    End one session of somebody's own, on another device for instance.

    Transaction: opens its own.

    :raises NotFound: it isn't theirs, or has ended.
    """
    ended = Session.objects.filter(pk=session_id, user_id=user_id, ended_at__isnull=True).update(
        ended_at=now, end_reason=Session.EndReason.REVOKED
    )
    if not ended:
        raise NotFound


def end_sessions(*, user_id: UUID, reason: Session.EndReason, now: datetime, keep: UUID | None = None) -> int:
    """
    End an account's sessions, in the caller's transaction, and return how many there were.

    :param keep: the one session that goes on.
    """
    sessions = Session.objects.filter(user_id=user_id, ended_at__isnull=True)
    if keep is not None:
        sessions = sessions.exclude(pk=keep)
    return sessions.update(ended_at=now, end_reason=reason)


def forget_sessions(*, before: datetime) -> int:
    """Delete sessions that ended or ran out before a time and return how many there were."""
    ended, _ = Session.objects.filter(ended_at__lt=before).delete()
    expired, _ = Session.objects.filter(expires_at__lt=before).delete()
    return ended + expired
