"""What products and categories say in other languages, on their pages in the admin."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import StackedInline
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from products import services
from products.models import Category, CategoryText, ProductText
from shop.core.errors import ValidationFailed


class WordsField(forms.CharField):
    """Words with their translations as staff write them: ``Linen = Leinen``, one a line."""

    def __init__(self, **kwargs: Any) -> None:
        help_text = "Names and values of its options, one a line: Linen = Leinen."
        super().__init__(
            required=False, help_text=help_text, widget=UnfoldAdminTextareaWidget({"rows": 4}), **kwargs
        )

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, dict):
            return "\n".join(f"{word} = {other}" for word, other in value.items())
        return value

    def clean(self, value: Any) -> dict[str, str]:
        words: dict[str, str] = {}
        for line in filter(str.strip, super().clean(value).splitlines()):
            word, equals, other = (part.strip() for part in line.partition("="))
            if not (word and equals and other) or len(other) > 100:
                raise ValidationError(f"{line.strip()[:100]}: write word = translation.", code="invalid")
            words[word] = other
        return words

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial) or "", (data or "").replace("\r\n", "\n"))


class TextForm(forms.ModelForm):
    """A text in one of the catalogue's other languages; which one stays as it is."""

    language = forms.ChoiceField(widget=UnfoldAdminSelectWidget())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        language: Any = self.fields["language"]
        language.choices = [(code, code) for code in settings.CATALOGUE_LANGUAGES[1:]]
        language.disabled = self.instance.pk is not None


class ProductTextForm(TextForm):
    """A product's text; its options are checked here as the service does, so that nothing typed is lost."""

    options = WordsField()

    def clean_options(self) -> dict[str, str]:
        """Return the words, if options of the product have them."""
        words: dict[str, str] = self.cleaned_data["options"]
        if words and self.instance.product_id:
            try:
                services.require_words(self.instance.product, words)
            except ValidationFailed as refusal:
                raise ValidationError([error.detail for error in refusal.errors], code="invalid") from None
        return words


class TextFormSet(BaseInlineFormSet):
    """Texts that services write; whoever saves it says in ``doer`` who does, and when."""

    model: type[Model]
    doer: dict[str, Any]
    said: tuple[str, ...]

    def save_new(self, form: Any, commit: bool = True) -> Any:  # noqa: FBT001, FBT002  # Django's own.
        return self.save_existing(form, form.instance)

    def save_existing(self, form: Any, obj: Any, commit: bool = True) -> Any:  # noqa: FBT001, FBT002
        self.write(obj.language, {name: form.cleaned_data[name] for name in self.said})
        # The page names in its history what was stored.
        stored = self.model._default_manager.filter(**{self.fk.name: self.instance}, language=obj.language)
        return stored.first() or obj

    def delete_existing(self, obj: Any, commit: bool = True) -> None:  # noqa: FBT001, FBT002
        self.write(obj.language, {})

    def write(self, language: str, said: dict[str, Any]) -> None:
        """Call the service of what the text belongs to."""
        raise NotImplementedError


class ProductTextFormSet(TextFormSet):
    said = tuple(services.PRODUCT_TEXT)

    def write(self, language: str, said: dict[str, Any]) -> None:
        services.write_product_text(product_id=self.instance.pk, language=language, said=said, **self.doer)


class CategoryTextFormSet(TextFormSet):
    said = tuple(services.CATEGORY_TEXT)

    def write(self, language: str, said: dict[str, Any]) -> None:
        # As it is stored: the service may have chosen it a moment ago.
        slug = Category.objects.values_list("slug", flat=True).get(pk=self.instance.pk)
        services.write_category_text(slug=slug, language=language, said=said, **self.doer)


class TextInline(StackedInline):
    """Texts beside the shop's own; who may change what they belong to may change them."""

    extra = 0
    tab = True
    verbose_name = "text in another language"
    verbose_name_plural = "texts in other languages"
    # Of what the texts belong to.
    permission = ""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        others = settings.CATALOGUE_LANGUAGES[1:]
        return super().get_queryset(request).filter(language__in=others).order_by("language")

    def get_max_num(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        return len(settings.CATALOGUE_LANGUAGES) - 1

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return len(settings.CATALOGUE_LANGUAGES) > 1 and request.user.has_perm(self.permission)

    has_add_permission = has_change_permission = has_delete_permission = has_view_permission


class ProductTextInline(TextInline):
    model = ProductText
    form = ProductTextForm
    formset = ProductTextFormSet
    fields = ("language", "name", "description", ("seo_title", "seo_description"), "options")
    permission = "products.change_product"


class CategoryTextInline(TextInline):
    model = CategoryText
    form = TextForm
    formset = CategoryTextFormSet
    fields = ("language", "name", "description")
    permission = "products.change_category"


class WritesTexts:
    """Saves the texts of a page by their services; stands before the ``ModelAdmin`` that has such an inline."""

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:  # noqa: FBT001
        if isinstance(formset, TextFormSet):
            formset.doer = {"actor_id": request.user.pk, "now": timezone.now()}
        super().save_formset(request, form, formset, change)  # type: ignore[misc]
