"""Which mail a customer wants, over HTTP."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from notifications.models import MailPreference
from notifications.schemas import ChangePreferencesSerializer, PreferencesSerializer
from notifications.services import preferences
from shop.api.limits import client_address
from users import services as accounts


class PreferencesViewSet(viewsets.GenericViewSet[MailPreference]):
    """One's own preferences."""

    queryset = MailPreference.objects.none()
    serializer_class = PreferencesSerializer

    @extend_schema(responses=PreferencesSerializer)
    def retrieve(self, request: Request) -> Response:
        return Response(PreferencesSerializer(preferences.preferences_of(self._customer)).data)

    @extend_schema(request=ChangePreferencesSerializer, responses=PreferencesSerializer)
    def partial_update(self, request: Request) -> Response:
        body = ChangePreferencesSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        client = accounts.Client(
            address=client_address(request), user_agent=request.headers.get("User-Agent", "")
        )
        preferences.change(user_id=self._customer, client=client, now=timezone.now(), **body.validated_data)
        return self.retrieve(request)

    @property
    def _customer(self) -> Any:
        return self.request.user.pk
