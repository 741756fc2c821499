"""What the people and machines that run the shop ask for."""

from django.urls import path

from shop.ops import views

urlpatterns = [
    path("health/live/", views.live, name="health_live"),
    path("health/ready/", views.ready, name="health_ready"),
    path("metrics", views.metrics, name="metrics"),
]
