"""
Everything that the words of staff may use: a few tags and filters that show values and do nothing else.

It is a library of ``notifications.sandbox`` alone. No tag of it reads a file, another template, a setting or the
database, and nothing marks text as safe HTML.
"""

from __future__ import annotations

from django import template
from django.template import defaultfilters, defaulttags
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from notifications.templatetags import mail

TAGS = ("if", "for", "with", "comment")
FILTERS = (
    "capfirst", "default", "default_if_none", "first", "join", "last", "length", "linebreaks", "linebreaksbr",
    "lower", "truncatechars", "upper", "yesno",
)  # fmt: skip

register = template.Library()
for _name in TAGS:
    register.tag(_name, defaulttags.register.tags[_name])
for _name in FILTERS:
    register.filters[_name] = defaultfilters.register.filters[_name]
register.filters.update(mail.register.filters)


@register.filter(needs_autoescape=True)
def button(url: str, label: str, autoescape: bool = True) -> str | SafeString:  # noqa: FBT001, FBT002
    """Write a link as the shop's mails do: a button in HTML, two lines in text; nothing where there is no page."""
    if not url:
        return ""
    if not autoescape:
        return f"{label}:\n{url}"
    return render_to_string("notifications/_button.html", {"url": url, "label": label})
