"""Addresses of the cart: one cart a shopper, so it has no id of its own in them."""

from django.urls import path

from cart.views import CartViewSet

urlpatterns = [
    path("cart/", CartViewSet.as_view({"get": "read", "patch": "place", "delete": "clear"}), name="cart"),
    path("cart/items/", CartViewSet.as_view({"post": "add_item"}), name="cart-items"),
    path(
        "cart/items/<uuid:item>/",
        CartViewSet.as_view({"patch": "set_quantity", "delete": "remove_item"}),
        name="cart-item",
    ),
    path("cart/coupons/", CartViewSet.as_view({"post": "add_coupon"}), name="cart-coupons"),
    path("cart/coupons/<str:code>/", CartViewSet.as_view({"delete": "remove_coupon"}), name="cart-coupon"),
    path(
        "cart/shipping_methods/",
        CartViewSet.as_view({"get": "shipping_methods"}),
        name="cart-shipping-methods",
    ),
]
