"""Coupons become codes of promotions, rates by country and prefix become rates by zone."""

from typing import Any

from django.db import migrations


def move(apps: Any, schema_editor: Any) -> None:
    _coupons(apps)
    _redemptions(apps)
    _zones(apps)


def _coupons(apps: Any) -> None:
    coupon_model, promotion_model = apps.get_model("cart", "Coupon"), apps.get_model("cart", "Promotion")
    oldest: dict[str, int] = {}
    for pk, code in coupon_model.objects.order_by("pk").values_list("pk", "code"):
        # Two codes that differ by case alone were never told apart: the older one always won.
        if oldest.setdefault(code.upper(), pk) != pk:
            coupon_model.objects.filter(pk=pk).update(code=f"{code.upper()[:30]}-{pk}")
    for coupon in coupon_model.objects.order_by("pk"):
        coupon.promotion = promotion_model.objects.create(
            name=coupon.name,
            kind=coupon.kind,
            value=coupon.value,
            currency=coupon.currency,
            min_subtotal=coupon.min_subtotal,
            starts_at=coupon.starts_at,
            ends_at=coupon.ends_at,
        )
        coupon.code = coupon.code.upper()
        coupon.save()


def _redemptions(apps: Any) -> None:
    model = apps.get_model("cart", "Redemption")
    for use in apps.get_model("cart", "CouponRedemption").objects.select_related("coupon").order_by("pk"):
        model.objects.create(
            promotion_id=use.coupon.promotion_id,
            coupon_id=use.coupon_id,
            cart_id=use.cart_id,
            state=use.state,
            created_at=use.created_at,
        )


def _zones(apps: Any) -> None:
    rates = apps.get_model("cart", "ShippingRate")
    zones, areas = apps.get_model("cart", "ShippingZone"), apps.get_model("cart", "ZoneArea")
    places = (
        rates.objects.order_by("country", "postal_prefix").values_list("country", "postal_prefix").distinct()
    )
    for country, prefix in places:
        zone = zones.objects.create(name=f"{country} {prefix}".strip())
        areas.objects.create(zone=zone, country=country, postal_pattern=f"{prefix}*" if prefix else "")
        rates.objects.filter(country=country, postal_prefix=prefix).update(zone=zone)


class Migration(migrations.Migration):
    dependencies = [("cart", "0002_promotions_and_zones")]

    operations = [migrations.RunPython(move, migrations.RunPython.noop)]
