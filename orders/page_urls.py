"""The built-in page that a mailed link opens where the shop has no storefront."""

from django.urls import path

from orders.pages import OrderPage

urlpatterns = [path("account/orders/<uuid:order_id>/", OrderPage.as_view(), name="order-page")]
