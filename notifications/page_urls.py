"""The page behind the link that takes a consent back. The shop has it also where there is a storefront."""

from django.urls import path

from notifications.pages import UnsubscribePage

urlpatterns = [path("account/unsubscribe/<str:token>/", UnsubscribePage.as_view(), name="unsubscribe")]
