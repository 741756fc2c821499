"""Words of mails that staff write in place of the shop's own: checked, kept, taken back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.template import TemplateSyntaxError
from django.utils import translation

from notifications import samples, sandbox
from notifications.models import MailTemplate
from notifications.sandbox import Words
from shop.audit import services as audit
from shop.core.errors import FieldError, NotFound, ValidationFailed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from uuid import UUID

# What a mail program throws away at best, and what makes it a phishing attempt at worst.
_ACTIVE = re.compile(
    r"<\s*/?\s*(script|iframe|object|embed|form|input|button|link|meta|base|style|svg)\b|\son\w+\s*=|javascript:",
    re.IGNORECASE,
)

_OPEN = re.compile(r"\{[{%]|[%}]\}")


def words_for(*, template: str, language: str) -> Words | None:
    """Return the words that staff have written for a mail, or None where the shop's own hold; one statement."""
    found = MailTemplate.objects.filter(template=template, language=language).first()
    return None if found is None else Words(subject=found.subject, text=found.text, html=found.html)


@transaction.atomic
def write_words(
    *, template: str, language: str, words: Words, actor_id: UUID | None, now: datetime
) -> MailTemplate:
    """
    Keep words for a mail in a language; they hold from the next mail on.

    :raises ValidationFailed: there is no such mail or language, a part doesn't come out with the mail's sample, names
        what the mail doesn't have, leaves out what the mail is for, or isn't plain HTML. Nothing is written.
    """
    refused = list(_refusals(template, language, words))
    if refused:
        raise ValidationFailed(*refused)
    kept, _ = MailTemplate.objects.update_or_create(
        template=template,
        language=language,
        defaults={"subject": words.subject, "text": words.text, "html": words.html, "updated_at": now},
    )
    audit.record(
        actor_id=actor_id,
        action="notifications.template_written",
        target=kept,
        now=now,
        template=template,
        language=language,
    )
    return kept


@transaction.atomic
def take_back(*, template_id: int, actor_id: UUID | None, now: datetime) -> None:
    """
    Let the shop's own words hold again.

    :raises NotFound: nobody has written others.
    """
    kept = MailTemplate.objects.select_for_update().filter(pk=template_id).first()
    if kept is None:
        raise NotFound
    audit.record(
        actor_id=actor_id,
        action="notifications.template_taken_back",
        target=kept,
        now=now,
        template=kept.template,
        language=kept.language,
    )
    kept.delete()


def _refusals(template: str, language: str, words: Words) -> Iterator[FieldError]:
    if template not in samples.mails():
        yield FieldError("template", "does_not_exist", "The shop sends no such mail.")
        return
    if language not in dict(settings.LANGUAGES):
        yield FieldError("language", "does_not_exist", "The shop doesn't speak this language.")
        return
    errors = [*_faults(template, words)]
    yield from errors
    if not errors:
        yield from _faults_written(template, language, words)


def _faults(template: str, words: Words) -> Iterator[FieldError]:
    """Look at what was typed: is it there, is it a template, and does it name what the mail has."""
    sample = {**samples.EVERYWHERE, **samples.sample_of(template)}
    known = {**sample, **dict.fromkeys(sandbox.part_names(sample), "")}
    for field in ("subject", "text", "html"):
        source = getattr(words, field)
        if not source.strip():
            yield FieldError(field, "blank", "Write something.")
            continue
        try:
            compiled = sandbox.compile_part(source, html=field == "html")
        except TemplateSyntaxError as error:
            yield FieldError(field, "invalid", f"This can't be read: {error}")
            continue
        if unknown := sandbox.unknown_in(compiled, known):
            yield FieldError(field, "unknown_value", f"This mail has no {', '.join(unknown)}.")


def _faults_written(template: str, language: str, words: Words) -> Iterator[FieldError]:
    """Look at what comes out with the sample: whole, with what the mail is for, and without anything active."""
    values = {**samples.EVERYWHERE, **samples.sample_of(template)}
    try:
        with translation.override(language):
            written = sandbox.write(template, words, values, strict=True)
    except Exception as error:  # noqa: BLE001  (whatever a template does wrong is for its author to hear)
        yield FieldError("text", "invalid", f"It doesn't come out with sample values: {error}")
        return
    yield from _faults_shown(written)
    for name in samples.needed_by(template):
        for field in ("text", "html"):
            if str(values[name]) not in getattr(written, field):
                yield FieldError(field, "needed", f"This mail is of no use without {{{{ {name} }}}}.")
    if _ACTIVE.search(words.html):
        yield FieldError("html", "active", "Mail takes no scripts, forms, frames or styles of its own.")


def _faults_shown(written: Words) -> Iterator[FieldError]:
    for field in ("subject", "text", "html"):
        shown = getattr(written, field)
        if sandbox.is_missing(shown):
            yield FieldError(field, "unknown_value", "It shows a value that the mail doesn't have.")
        # What isn't closed is plain text to Django, and would be to everybody.
        if _OPEN.search(shown):
            yield FieldError(field, "unclosed", "Close every {{ and {%.")
