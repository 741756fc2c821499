"""Receipts and credit notes over HTTP: as data, as a page, as a PDF; and whether one is genuine."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.template.loader import render_to_string
from django.utils import timezone, translation
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from payments import links, selectors, services
from payments.renderers import HTMLReceiptRenderer, PDFReceiptRenderer
from payments.schemas import CreditNotesAnswer, ProofAnswer
from payments.selectors import IssuedReceipt, Proof
from payments.serializers import PaymentFilters, ProofQuery
from payments.shapes import credit_note_json, proof_json, receipt_json
from payments.viewing import viewer_of
from payments.wording import PROOF
from shop.api.limits import Limit, client_address, spend
from shop.api.renderers import JSONRenderer
from shop.core.errors import FieldError, ValidationFailed
from shop.core.formats import Writer
from shop.core.transactions import use_case

# A code has 120 bits; this only keeps a guesser from working the database.
_PROOFS = Limit("payments.proof", times=60, seconds=3600, fail_closed=False)
_TOKEN = OpenApiParameter("token", str, description="From receipt_url: opens it without a header.")
_FORMS: Any = {
    (200, "application/json"): OpenApiTypes.OBJECT,
    (200, "text/html"): OpenApiTypes.STR,
    (200, "application/pdf"): OpenApiTypes.BINARY,
}


class DocumentView(APIView):
    """What can be had in several forms, by ``Accept`` or ``?format=``."""

    permission_classes = [AllowAny]
    renderer_classes = [JSONRenderer, HTMLReceiptRenderer, PDFReceiptRenderer]
    token_headers = ("X-Order-Token",)

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:  # noqa: FBT001, FBT002
        wanted = request.query_params.get("format")
        for renderer in self.get_renderers():
            if renderer.format == wanted:
                return renderer, renderer.media_type
        if wanted is not None and not force:
            raise ValidationFailed(FieldError("format", "invalid_choice", f"Choose {self._choices()}."))
        return super().perform_content_negotiation(request, force=force)

    def _choices(self) -> str:
        *others, last = (str(renderer.format) for renderer in self.renderer_classes)
        return f"{', '.join(others)} or {last}"

    def _opened(self, request: Request, payment: UUID) -> UUID:
        """Return the payment once the link's token, or whoever asks, may see it."""
        if not links.opens(request.query_params.get("token", ""), payment):
            payment = selectors.payment_for(payment, viewer=viewer_of(request)).pk
        services.refresh_payment(payment_id=payment, now=timezone.now())
        return payment


class ReceiptView(DocumentView):
    """A payment's receipt."""

    @extend_schema(
        parameters=[OpenApiParameter("format", str, enum=["json", "html", "pdf"]), _TOKEN], responses=_FORMS
    )
    def get(self, request: Request, payment: UUID) -> Response:
        payment = self._opened(request, payment)
        issued = use_case(services.issue_receipt, payment_id=payment, now=timezone.now())
        receipt = IssuedReceipt.of(issued)
        return _written(receipt, request.accepted_renderer.format, receipt_json(receipt))


class CreditNotesView(APIView):
    """The credit notes of a payment: what of its money went back, or was never taken."""

    permission_classes = [AllowAny]
    token_headers = ("X-Order-Token",)

    @extend_schema(operation_id="payments_credit_notes_list", responses=CreditNotesAnswer)
    def get(self, request: Request, payment: UUID) -> Response:
        PaymentFilters.read(request.query_params)
        found = selectors.payment_for(payment, viewer=viewer_of(request)).pk
        use_case(services.issue_credit_notes, payment_id=found, now=timezone.now())
        notes = [credit_note_json(note) for note in selectors.credit_notes_of(found)]
        return Response({"count": len(notes), "next": None, "previous": None, "results": notes})


class CreditNoteView(DocumentView):
    """One credit note."""

    @extend_schema(
        parameters=[OpenApiParameter("format", str, enum=["json", "html", "pdf"]), _TOKEN], responses=_FORMS
    )
    def get(self, request: Request, payment: UUID, number: str) -> Response:
        note = selectors.credit_note_of(self._opened(request, payment), number)
        return _written(note, request.accepted_renderer.format, credit_note_json(note))


class ProofView(DocumentView):
    """Whether a receipt or credit note is genuine, for whoever holds one: its code opens number, date and total."""

    authentication_classes: list[Any] = []
    renderer_classes = [JSONRenderer, HTMLReceiptRenderer]

    @extend_schema(
        parameters=[ProofQuery, OpenApiParameter("format", str, enum=["json", "html"])],
        responses={(200, "application/json"): ProofAnswer, (200, "text/html"): OpenApiTypes.STR},
    )
    def get(self, request: Request) -> Response:
        query = ProofQuery.read(request.query_params)
        spend(_PROOFS, client_address(request))
        proof = selectors.proof_of(query["code"])
        if request.accepted_renderer.format == "html":
            return Response(_proof_page(request, proof).encode())
        return Response(proof_json(proof))


def _proof_page(request: Request, proof: Proof) -> str:
    language = translation.get_language_from_request(request._request)
    words = PROOF.get(language, PROOF["en"])
    writer = Writer(words["language"])
    shown = {
        "kind": words.get(proof.kind or "", ""),
        "number": proof.number,
        "day": writer.day(proof.issued_at),
        "total": writer.amount(proof.total, proof.currency) if proof.total and proof.currency else "",
    }
    return render_to_string("payments/proof.html", {"words": words, "proof": shown})


def _written(issued: IssuedReceipt, form: str, data: dict[str, Any]) -> Response:
    if form == "html":
        return Response(issued.html().encode())
    if form == "pdf":
        name = {"Content-Disposition": f'inline; filename="{issued.number}.pdf"'}
        return Response(issued.pdf(), headers=name)
    return Response(data)
