"""What exists in development only: ``shop.urls`` leaves these routes out in production."""

from django.urls import path

from shop.ops import dev_views

urlpatterns = [
    path("dev/", dev_views.addresses, name="dev"),
    path("dev/mailbox/", dev_views.mailbox, name="dev_mailbox"),
    path("dev/mailbox/<slug:name>/", dev_views.mail, name="dev_mail"),
    path("dev/mailbox/<slug:name>/html/", dev_views.mail_html, name="dev_mail_html"),
    path("media/<path:path>", dev_views.media, name="media"),
]
