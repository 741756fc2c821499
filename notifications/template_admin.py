"""Words of mails in the admin: written beside a preview of what the shop sends by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.http import Http404, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.clickjacking import xframe_options_sameorigin
from unfold.decorators import action
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from notifications import rendering, samples, sandbox
from notifications.models import MailTemplate
from notifications.sandbox import Words
from notifications.services import overriding
from shop.api.admin import DeletingAdmin, ServiceForm

if TYPE_CHECKING:
    from django.http import HttpRequest

    from notifications.rendering import Rendered

# The shop's own frame below decides what a frame's page may do; it is a stranger's text in no case, and does nothing.
_INERT = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'self'"

_CODE = "font-family: ui-monospace, monospace; line-height: 1.6"
# What the question for dark mode becomes in a preview, which doesn't go by its viewer's own screen.
_COLOURS = {"light": "not all", "dark": "all"}


class MailTemplateForm(ServiceForm):
    """The words of one mail."""

    template = forms.ChoiceField(label="Mail", widget=UnfoldAdminSelectWidget())
    language = forms.ChoiceField(widget=UnfoldAdminSelectWidget())

    class Meta:
        model = MailTemplate
        fields = ("template", "language", "subject", "text", "html")
        widgets = {
            "text": UnfoldAdminTextareaWidget({"rows": 14, "style": _CODE}),
            "html": UnfoldAdminTextareaWidget({"rows": 18, "style": _CODE}),
        }
        labels = {"html": "HTML"}
        help_texts = {
            "subject": "Values stand in double braces, as everywhere below: {{ shop_name }}.",
            "text": "Between the shop's name and the foot, for programs without HTML. Say the same as below. "
            "How it goes on after the first paragraph is what lists of mail show beside the subject.",
            "html": "Use h1, p and tables; the shop's own frame, colours and dark mode come around it. A button: "
            '{{ order_url|button:"View it" }}. An amount: {{ order.total|money:order.currency }}. '
            "A date: {{ order.placed_at|day }}.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        template: Any = self.fields["template"]
        language: Any = self.fields["language"]
        template.choices = [(mail, samples.title_of(mail)) for mail in samples.mails()]
        language.choices = list(settings.LANGUAGES)
        template.disabled = language.disabled = self.instance.pk is not None


@admin.register(MailTemplate)
class MailTemplateAdmin(DeletingAdmin):
    """What staff have written in place of the shop's own words; deleting it brings those back."""

    form = MailTemplateForm
    list_display = ("mail", "spoken", "subject", "updated_at")
    list_filter = ("language",)
    search_fields = ("template", "subject")
    ordering = ("template", "language")
    fields = (("template", "language"), "values", "subject", "text", "html")
    readonly_fields = ("values",)
    actions_list = ("preview",)
    actions_detail = ("preview_this",)

    def save_model(self, request: HttpRequest, obj: MailTemplate, form: Any, change: bool) -> None:  # noqa: FBT001
        said = form.cleaned_data
        # The page goes on with this object: its address, and the entry in its history.
        obj.pk = overriding.write_words(
            template=said["template"],
            language=said["language"],
            words=Words(subject=said["subject"], text=said["text"], html=said["html"]),
            actor_id=request.user.pk,
            now=timezone.now(),
        ).pk

    def delete_model(self, request: HttpRequest, obj: MailTemplate) -> None:
        overriding.take_back(template_id=obj.pk, actor_id=request.user.pk, now=timezone.now())

    @admin.display(description="Mail", ordering="template")
    def mail(self, row: MailTemplate) -> str:
        """Name the mail for people."""
        return samples.title_of(row.template)

    @admin.display(description="Language", ordering="language")
    def spoken(self, row: MailTemplate) -> str:
        """Name the language."""
        return str(dict(settings.LANGUAGES).get(row.language, row.language))

    @admin.display(description="What it may show")
    def values(self, row: MailTemplate) -> str:
        """List the values of this mail, or where they are told for a new one."""
        if not row.pk:
            return "Open Preview first: it lists the values of each mail, and shows what the shop sends by itself."
        return ", ".join(name for name, _ in _values_of(row.template))

    @action(description="Preview", url_path="preview", permissions=["view"], icon="preview")
    def preview(self, request: HttpRequest) -> HttpResponse:
        """Show a mail with sample values: the shop's own and staff's, wide and narrow, in HTML and text."""
        mail, language, colours = _asked(request)
        if "part" in request.GET:
            return _frame(request, mail, language, colours)
        words = overriding.words_for(template=mail, language=language)
        address = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_preview")
        chosen = {"mail": mail, "language": language, "colours": colours}
        versions = [("shop", "The shop's own", _written(mail, language, None))]
        if words is not None:
            versions.insert(0, ("staff", "Yours", _written(mail, language, words)))
        shown = [
            {
                "title": title,
                "mail": written,
                "frame": f"{address}?{urlencode({**chosen, 'part': part})}",
            }
            for part, title, written in versions
        ]
        context = {
            **self.admin_site.each_context(request),
            "title": "Preview of mails",
            "opts": self.opts,
            **chosen,
            "mails": [(one, samples.title_of(one)) for one in samples.mails()],
            "languages": settings.LANGUAGES,
            "all_colours": [(one, one.capitalize()) for one in _COLOURS],
            "write": "" if words else self._address_to_write(request, mail, language),
            "values": _values_of(mail),
            "needed": samples.needed_by(mail),
            "versions": shown,
        }
        return TemplateResponse(request, "notifications/admin_preview.html", context)

    def _address_to_write(self, request: HttpRequest, mail: str, language: str) -> str:
        if not self.has_add_permission(request):
            return ""
        address = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_add")
        return f"{address}?{urlencode({'template': mail, 'language': language})}"

    @action(description="Preview", url_path="preview-this", permissions=["view"], icon="preview")
    def preview_this(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show this mail in its language."""
        row: Any = self.get_object(request, object_id)
        if row is None:
            raise Http404
        request.GET = request.GET.copy()  # type: ignore[assignment]
        request.GET.update({"mail": row.template, "language": row.language})
        return self.preview(request)


@xframe_options_sameorigin
def _frame(request: HttpRequest, mail: str, language: str, colours: str) -> HttpResponse:
    """Return the HTML of a mail alone, for the frames that show it."""
    staffs = request.GET["part"] == "staff"
    words = overriding.words_for(template=mail, language=language) if staffs else None
    html = _written(mail, language, words).html
    response = HttpResponse(html.replace("(prefers-color-scheme: dark)", _COLOURS[colours]))
    response.headers["Content-Security-Policy"] = _INERT
    return response


def _asked(request: HttpRequest) -> tuple[str, str, str]:
    mail = request.GET.get("mail", samples.mails()[0])
    language = request.GET.get("language", settings.LANGUAGE_CODE)
    colours = request.GET.get("colours", "light")
    if mail not in samples.mails() or language not in dict(settings.LANGUAGES) or colours not in _COLOURS:
        raise Http404
    return mail, language, colours


def _written(mail: str, language: str, words: Words | None) -> Rendered:
    return rendering.render(template=mail, language=language, context=samples.sample_of(mail), words=words)


def _values_of(mail: str) -> list[tuple[str, str]]:
    parts = sandbox.part_names(samples.sample_of(mail))
    return [*((name, "written by the shop") for name in parts), *samples.values_of(mail)]
