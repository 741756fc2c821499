"""The words of receipts: a receipt is written in its buyer's language, years later as on its first day."""

from __future__ import annotations

WORDS = {
    "en": {
        "receipt": "Receipt", "date": "Date", "order": "Order", "placed": "Ordered on",
        "payment": "Paid by", "paid": "Paid on", "reference": "Payment reference", "seller": "Seller",
        "buyer": "Buyer", "vat_id": "VAT ID", "item": "Item", "quantity": "Qty", "price": "Unit price",
        "rate": "Tax", "amount": "Amount", "sku": "SKU", "discount": "Discount", "subtotal": "Subtotal",
        "shipping": "Shipping", "total": "Total", "tax": "Tax", "taxable": "Taxable amount",
        "tax_amount": "Tax amount", "included": "All prices include tax.", "added": "Prices are without tax.",
        "lines": "What was bought", "totals": "What was paid", "taxes": "Tax", "page": "Page",
        "free": "Nothing to pay", "card": "Card", "percent": "Rate",
        "export": "Tax-free export.",
        "reverse_charge": "Tax-free intra-Community supply (Article 138 of Directive 2006/112/EC). Reverse charge: the "
        "recipient accounts for the VAT.",
    },
    "de": {
        "receipt": "Beleg", "date": "Datum", "order": "Bestellung",
        "placed": "Bestellt am", "payment": "Bezahlt mit", "paid": "Bezahlt am",
        "reference": "Zahlungsreferenz", "seller": "Verkäufer", "buyer": "Käufer", "vat_id": "USt-IdNr.",
        "item": "Artikel", "quantity": "Menge", "price": "Einzelpreis", "rate": "Steuer", "amount": "Betrag",
        "sku": "Art.-Nr.", "discount": "Rabatt", "subtotal": "Zwischensumme", "shipping": "Versand",
        "total": "Gesamtbetrag", "tax": "Steuer", "taxable": "Bemessungsgrundlage",
        "tax_amount": "Steuerbetrag", "included": "Alle Preise enthalten die Steuer.",
        "added": "Preise verstehen sich ohne Steuer.", "lines": "Gekaufte Artikel", "totals": "Bezahlt",
        "taxes": "Steuer", "page": "Seite", "free": "Nichts zu bezahlen", "card": "Karte", "percent": "Satz",
        "export": "Steuerfreie Ausfuhrlieferung.",
        "reverse_charge": "Steuerfreie innergemeinschaftliche Lieferung (Artikel 138 der Richtlinie 2006/112/EG). "
        "Steuerschuldnerschaft des Leistungsempfängers.",
    },
}  # fmt: skip
