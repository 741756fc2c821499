"""What the calls about orders answer, for the OpenAPI document; ``shapes`` makes the answers themselves."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers

from orders.models import Order, Return
from shop.api.addresses import PostalAddressSerializer

STAGES = (
    "cancelled", "expired", "refunded", "returned", "delivered", "shipped", "partly_shipped", "preparing",
    "processing", "placed",
)  # fmt: skip
# Its shape is the cart's to describe.
CART = OpenApiResponse(
    OpenApiTypes.OBJECT,
    description="The cart as GET cart/ answers it; to staff, for another's order, a body for POST orders/staff/.",
)
PREVIEW = OpenApiResponse(
    OpenApiTypes.OBJECT,
    description="With dry_run: the cart as GET cart/ answers it, with the shipping_methods that go there.",
)


class Answer(serializers.Serializer[Any]):
    """Something that is only ever read."""

    def get_fields(self) -> dict[str, Any]:
        """Return the fields, each of them read-only unless it may be missing."""
        fields: dict[str, Any] = super().get_fields()
        for field in fields.values():
            field.read_only = field.required
        return fields


class AmountText(serializers.CharField):
    """An amount in the order's currency, such as ``19.90``."""


class OrderLineSerializer(Answer):
    """One variant as it was sold; ``product`` and ``variant`` are ids, rates are fractions."""

    id = serializers.UUIDField()
    product = serializers.IntegerField()
    variant = serializers.IntegerField()
    sku = serializers.CharField()
    name = serializers.CharField()
    options = serializers.DictField(child=serializers.CharField())
    quantity = serializers.IntegerField()
    unit_price = AmountText()
    line_total = AmountText()
    discount_amount = AmountText()
    tax_rate = serializers.CharField()
    tax_amount = AmountText()
    shipped = serializers.IntegerField()
    cancelled = serializers.IntegerField()
    returned = serializers.IntegerField()


class TaxLineSerializer(Answer):
    """All of one rate together."""

    name = serializers.CharField()
    rate = serializers.CharField()
    taxable = AmountText()
    amount = AmountText()


class DiscountSerializer(Answer):
    """A promotion that applied, and what it took off; ``code`` is null where it needed none."""

    name = serializers.CharField()
    code = serializers.CharField(allow_null=True)
    amount = AmountText()


class ShippedItemSerializer(Answer):
    """How much of a line a shipment holds."""

    line = serializers.UUIDField()
    sku = serializers.CharField()
    name = serializers.CharField()
    quantity = serializers.IntegerField()


class ShipmentSerializer(Answer):
    """A parcel; ``carrier`` is what staff wrote, ``carrier_name`` what people call it."""

    id = serializers.UUIDField()
    carrier = serializers.CharField()
    carrier_name = serializers.CharField()
    tracking_number = serializers.CharField()
    tracking_url = serializers.CharField(allow_null=True)
    shipped_at = serializers.DateTimeField()
    delivered_at = serializers.DateTimeField(allow_null=True)
    items = ShippedItemSerializer(many=True)


class States(Answer):
    """Where an order stands: itself, its money, its goods, and one word for people."""

    status = serializers.ChoiceField(choices=Order.Status.choices)
    payment_status = serializers.ChoiceField(choices=Order.PaymentStatus.choices)
    fulfilment_status = serializers.ChoiceField(choices=Order.FulfilmentStatus.choices)
    stage = serializers.ChoiceField(choices=STAGES)


class OrderAddressSerializer(PostalAddressSerializer):
    """Where an order goes or is billed to."""


class OrderSerializer(States):
    """An order as it was placed, and how it stands."""

    id = serializers.UUIDField()
    number = serializers.CharField()
    email = serializers.EmailField()
    language = serializers.CharField()
    items = OrderLineSerializer(many=True)
    shipping_address = OrderAddressSerializer(allow_null=True)
    billing_address = OrderAddressSerializer(allow_null=True)
    shipping_method = serializers.CharField(allow_null=True)
    coupons = serializers.ListField(child=serializers.CharField())
    discounts = DiscountSerializer(many=True)
    note = serializers.CharField()
    terms_version = serializers.CharField(allow_null=True)
    age_confirmed = serializers.IntegerField(allow_null=True)
    subtotal = AmountText()
    discount_total = AmountText()
    shipping_total = AmountText()
    tax_total = AmountText()
    tax_added = AmountText()
    prices_include_tax = serializers.BooleanField()
    tax_treatment = serializers.ChoiceField(choices=Order.TaxTreatment.values, allow_null=True)
    vat_id = serializers.CharField(allow_null=True)
    tax_lines = TaxLineSerializer(many=True)
    total = AmountText()
    refunded_total = AmountText()
    currency = serializers.CharField()
    shipments = ShipmentSerializer(many=True)
    placed_at = serializers.DateTimeField()
    payment_due_at = serializers.DateTimeField(allow_null=True)


class PlacedOrderSerializer(OrderSerializer):
    """An order just placed; a guest gets the token that opens it, here and nowhere else."""

    access_token = serializers.CharField(required=False)


class StepSerializer(Answer):
    """Something that happened to an order, in a sentence of its language."""

    stage = serializers.ChoiceField(choices=STAGES)
    message = serializers.CharField()
    at = serializers.DateTimeField()


class ReturnedItemSerializer(Answer):
    """Units of a line that come back; ``received`` and ``restocked`` are null until they are there."""

    line = serializers.UUIDField()
    sku = serializers.CharField()
    name = serializers.CharField()
    quantity = serializers.IntegerField()
    reason = serializers.CharField()
    received = serializers.IntegerField(allow_null=True)
    restocked = serializers.BooleanField(allow_null=True)


class ReturnSerializer(Answer):
    """What a shopper sends back, and what became of it; ``amount`` is what is refunded for it."""

    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=Return.Status.choices)
    message = serializers.CharField()
    lines = ReturnedItemSerializer(many=True)
    amount = AmountText(allow_null=True)
    currency = serializers.CharField()
    requested_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)
    received_at = serializers.DateTimeField(allow_null=True)
    refunded_at = serializers.DateTimeField(allow_null=True)


class NoteSerializer(Answer):
    """A note on an order; ``visible`` and ``author`` are for staff alone."""

    id = serializers.UUIDField()
    text = serializers.CharField()
    at = serializers.DateTimeField()
    visible = serializers.BooleanField(required=False)
    author = serializers.UUIDField(required=False)


class TrackSerializer(States):
    """How an order is getting on, without personal data."""

    number = serializers.CharField()
    shipments = ShipmentSerializer(many=True)
    estimated_delivery = serializers.DateField(allow_null=True)
    events = StepSerializer(many=True)


class TermsSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """Terms are accepted by their version, or by true."""

    target_class = "orders.serializers.TermsField"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Any) -> dict[str, Any]:
        """Return either of the two."""
        return {"oneOf": [{"type": "string", "maxLength": 50}, {"type": "boolean"}]}


class AddressOrIdSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """An address is given in full or by its id."""

    target_class = "orders.serializers.AddressOrId"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Any) -> dict[str, Any]:
        """Return either of the two."""
        address = auto_schema.resolve_serializer(PostalAddressSerializer, direction)
        return {"oneOf": [address.ref, {"type": "string", "format": "uuid"}]}
