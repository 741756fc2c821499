"""The page behind the link that ends a kind of mail. The shop has it also where there is a storefront."""

from django.urls import path

from notifications.pages import UnsubscribePage

urlpatterns = [path("account/unsubscribe/<str:token>/", UnsubscribePage.as_view(), name="unsubscribe")]
