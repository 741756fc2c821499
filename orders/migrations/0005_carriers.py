"""The carriers that most shops use; staff change them in the admin."""

from django.db import migrations

CARRIERS = [
    ("dhl", "DHL", "https://www.dhl.de/de/privatkunden/pakete-empfangen/verfolgen.html?piececode={number}"),
    ("dhl_express", "DHL Express", "https://www.dhl.com/en/express/tracking.html?AWB={number}"),
    ("ups", "UPS", "https://www.ups.com/track?tracknum={number}"),
    ("fedex", "FedEx", "https://www.fedex.com/fedextrack/?trknbr={number}"),
    ("dpd", "DPD", "https://tracking.dpd.de/status/en_US/parcel/{number}"),
    ("gls", "GLS", "https://gls-group.eu/track/{number}"),
    ("hermes", "Hermes", "https://www.myhermes.de/empfangen/sendungsverfolgung/sendungsinformation#{number}"),
    ("usps", "USPS", "https://tools.usps.com/go/TrackConfirmAction?tLabels={number}"),
    ("royal_mail", "Royal Mail", "https://www.royalmail.com/track-your-item#/tracking-results/{number}"),
    ("la_poste", "La Poste", "https://www.laposte.fr/outils/suivre-vos-envois?code={number}"),
    ("postnl", "PostNL", "https://postnl.nl/tracktrace/?B={number}"),
    ("post_at", "Österreichische Post", "https://www.post.at/sv/sendungsdetails?snr={number}"),
    ("swiss_post", "Die Schweizerische Post", "https://service.post.ch/ekp-web/ui/entry/search/{number}"),
]


def add(apps, schema_editor):
    carriers = apps.get_model("orders", "Carrier")
    carriers.objects.using(schema_editor.connection.alias).bulk_create(
        [
            carriers(code=code, name=name, tracking_pattern=pattern, position=position)
            for position, (code, name, pattern) in enumerate(CARRIERS)
        ],
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [("orders", "0004_goods_and_returns")]

    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
