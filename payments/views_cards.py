"""Saved cards over HTTP: Stripe keeps them, and only their owner sees of them what a receipt shows."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from payments import services
from payments.schemas import CardsAnswer, SavingCardAnswer
from payments.serializers import PaymentFilters, SaveCardBody
from payments.shapes import card_json
from shop.api.limits import Limit, spend

# Saving one tries it at the bank: a thief's list of cards must not be tried here.
_SAVES = Limit("payments.save_card", times=10, seconds=3600, fail_closed=False)


class CardViewSet(viewsets.ViewSet):
    """The cards of the customer who is signed in."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses=CardsAnswer)
    def list(self, request: Request) -> Response:
        PaymentFilters.read(request.query_params)
        cards = [card_json(card) for card in services.cards_of(user_id=_user(request))]
        return Response({"count": len(cards), "next": None, "previous": None, "results": cards})

    @extend_schema(request=SaveCardBody, responses={201: SavingCardAnswer})
    def create(self, request: Request) -> Response:
        SaveCardBody(data=request.data).is_valid(raise_exception=True)
        spend(_SAVES, str(request.user.pk))
        secret = services.begin_saving(user_id=_user(request), now=timezone.now())
        answer = {"client_secret": secret, "publishable_key": settings.STRIPE_PUBLISHABLE_KEY}
        return Response(answer, status=201)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, card: str) -> Response:
        services.remove_card(user_id=_user(request), card_id=card)
        return Response(status=204)


def _user(request: Request) -> Any:
    return request.user.pk
