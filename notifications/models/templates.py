"""Words of mails that staff have written in place of the shop's own."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class MailTemplate(models.Model):
    """
    The words of one mail in one language; without a row the shop's own hold.

    The three parts are templates of ``notifications.sandbox``: what stands above and below, the reason at the foot and
    the link that ends such mail stay the shop's.
    """

    template = models.CharField(max_length=50)
    language = models.CharField(max_length=10)
    subject = models.CharField(max_length=200)
    text = models.TextField(max_length=20_000)
    html = models.TextField(max_length=50_000)
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name = "mail template"
        constraints = [
            models.UniqueConstraint(fields=["template", "language"], name="notifications_template_one_each"),
            models.CheckConstraint(
                condition=~Q(subject="") & ~Q(text="") & ~Q(html=""), name="notifications_template_whole"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.template} {self.language}"
