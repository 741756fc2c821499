"""The page of a product's pictures: uploaded several at once, put in order, described."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.files.storage import default_storage
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from unfold.admin import ModelAdmin
from unfold.decorators import action
from unfold.enums import ActionVariant

from products import services
from products.models import Product, ProductImage
from products.pictures import MAX_BYTES
from products.services.images import IMAGE_LIMIT
from shop.api.uploads import take_files
from shop.core.errors import DomainError, ValidationFailed
from shop.core.transactions import use_case

if TYPE_CHECKING:
    from django.http import HttpRequest

    from shop.api.uploads import SizedUploads

MOST_FILES = 20
_TOO_MUCH = f"That is too much at once: send {MOST_FILES} pictures at a time."


class PicturePages(ModelAdmin):
    """
    The pictures of a product, on a page of their own.

    Django's forms of the admin stand in a transaction, and a picture is stored outside of any.
    """

    # Marked as exempt, because a form must be bounded before the token is looked for in it; checked right after.
    @csrf_exempt
    @action(
        description="Pictures",
        url_path="pictures",
        permissions=["change"],
        icon="photo_library",
        variant=ActionVariant.PRIMARY,
    )
    def pictures(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the gallery of a product, and change it."""
        product = Product.objects.filter(pk=object_id).first() if object_id.isdecimal() else None
        if product is None:
            raise Http404
        uploads = None
        if request.method == "POST":
            uploads = take_files(request, most=MAX_BYTES, together=MOST_FILES * MAX_BYTES)
            if uploads is None:
                return self._gallery(request, product, [("The upload", _TOO_MUCH)], status=413)
        answer: HttpResponse = csrf_protect(self._answer)(request, product, uploads)
        return answer

    def _answer(self, request: HttpRequest, product: Product, uploads: SizedUploads | None) -> HttpResponse:
        if uploads is None:
            return self._gallery(request, product)
        if request.POST.get("act") == "upload":
            refused = self._upload(request, product, uploads)
            if refused:
                return self._gallery(request, product, refused)
        else:
            self._change(request, product)
        return HttpResponseRedirect(request.path)

    def _upload(self, request: HttpRequest, product: Product, uploads: SizedUploads) -> list[tuple[str, str]]:
        """Add what came; return the names of what was refused, each with the reason."""
        files = request.FILES.getlist("images")
        refused = list(uploads.refused)
        added = 0
        for file in files:
            try:
                services.upload_image(
                    product_id=product.pk,
                    upload=file,
                    alt="",
                    actor_id=_actor(request),
                    now=timezone.now(),
                )
                added += 1
            except DomainError as refusal:
                refused.append((str(file.name), _reason(refusal)))
            finally:
                file.close()
        if not files and not refused:
            refused.append(("Nothing was sent", "Choose one picture or more."))
        if added:
            said = "1 picture was added." if added == 1 else f"{added} pictures were added."
            self.message_user(request, said, messages.SUCCESS)
        return refused

    def _change(self, request: HttpRequest, product: Product) -> None:
        """Do what a button of one picture says."""
        said = request.POST
        image_id = int(said.get("image", "")) if said.get("image", "").isdecimal() else 0
        doer: dict[str, Any] = {"actor_id": _actor(request), "now": timezone.now()}
        which: dict[str, Any] = {"product_id": product.pk, "image_id": image_id}
        try:
            if said.get("act") == "delete":
                use_case(services.delete_image, **which, **doer)
                self.message_user(request, "The picture was deleted.", messages.SUCCESS)
            elif changes := _changes(said):
                use_case(services.change_image, **which, changes=changes, **doer)
        except DomainError as refusal:
            self.message_user(request, _reason(refusal), messages.ERROR)

    def _gallery(
        self,
        request: HttpRequest,
        product: Product,
        refused: list[tuple[str, str]] | None = None,
        *,
        status: int = 200,
    ) -> HttpResponse:
        images = list(ProductImage.objects.filter(product=product).order_by("position", "pk"))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Pictures of {product.name}",
            "opts": self.opts,
            "product": product,
            "original": product,
            "pictures": [_shown(image, place) for place, image in enumerate(images)],
            "cover_id": product.cover_id,
            "refused": refused or [],
            "room": IMAGE_LIMIT - len(images),
            "most_files": MOST_FILES,
        }
        return TemplateResponse(request, "products/admin_pictures.html", context, status=status)


def _shown(image: ProductImage, place: int) -> dict[str, Any]:
    small = image.thumbnails[0]["file"] if image.thumbnails else image.file
    # Without the shop's own name in front: the admin may be open under another one.
    return {
        "row": image,
        "place": place,
        "small": default_storage.url(small),
        "full": default_storage.url(image.file),
    }


def _changes(said: Any) -> dict[str, Any]:
    act, place = said.get("act", ""), said.get("place", "")
    if act == "alt":
        return {"alt": " ".join(said.get("alt", "").split())[:200]}
    if act == "cover":
        return {"cover": True}
    if act in ("earlier", "later") and place.isdecimal():
        step = -1 if act == "earlier" else 1
        return {"position": min(max(0, int(place[:4]) + step), IMAGE_LIMIT)}
    return {}


def _reason(refusal: DomainError) -> str:
    if isinstance(refusal, ValidationFailed):
        return " ".join(error.detail for error in refusal.errors)
    return str(refusal)


def _actor(request: HttpRequest) -> Any:
    return request.user.pk
