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
        "credit_note": "Credit note", "to_receipt": "For receipt", "of_day": "Receipt of", "given_back": "Given back",
        "because_order_cancelled": "Cancelled order", "because_lines_cancelled": "Cancelled before shipping",
        "because_returned": "Returned goods", "because_other": "Refund",
        "qr": "Code to scan",
        "proof": "Whether this document is genuine can be checked with this code:",
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
        "credit_note": "Erstattungsbeleg", "to_receipt": "Zum Beleg", "of_day": "Beleg vom", "given_back": "Erstattet",
        "because_order_cancelled": "Stornierte Bestellung", "because_lines_cancelled": "Vor dem Versand storniert",
        "because_returned": "Zurückgesandte Ware", "because_other": "Erstattung",
        "qr": "Code zum Scannen",
        "proof": "Mit diesem Code lässt sich prüfen, ob dieses Dokument echt ist:",
        "export": "Steuerfreie Ausfuhrlieferung.",
        "reverse_charge": "Steuerfreie innergemeinschaftliche Lieferung (Artikel 138 der Richtlinie 2006/112/EG). "
        "Steuerschuldnerschaft des Leistungsempfängers.",
    },
}  # fmt: skip

# The page that Stripe sends a customer back to.
PAGE = {
    "en": {
        "language": "en", "order": "Order", "total": "Total",
        "arrived": "Thank you. Your payment has arrived. A mail with everything about your order is on its way.",
        "authorized": "Thank you. Your payment is approved. The money is taken when your order is sent.",
        "processing": "Thank you. Your payment is being processed. A mail follows as soon as it is through.",
        "ended": "This payment was ended. Nothing was taken.",
        "waiting": "Nothing has been paid yet. Go back to the shop to try again.",
        "unknown": "No such payment", "unknown_more": "This link opens no payment. It may be incomplete.",
    },
    "de": {
        "language": "de", "order": "Bestellung", "total": "Gesamtbetrag",
        "arrived": "Vielen Dank. Ihre Zahlung ist eingegangen. Eine E-Mail mit allem zur Bestellung ist unterwegs.",
        "authorized": "Vielen Dank. Ihre Zahlung ist freigegeben. Abgebucht wird, sobald die Ware verschickt wird.",
        "processing": "Vielen Dank. Ihre Zahlung wird bearbeitet. Sobald sie da ist, erhalten Sie eine E-Mail.",
        "ended": "Diese Zahlung wurde beendet. Es wurde nichts abgebucht.",
        "waiting": "Es wurde noch nichts bezahlt. Kehren Sie zum Shop zurück, um es noch einmal zu versuchen.",
        "unknown": "Diese Zahlung gibt es nicht",
        "unknown_more": "Dieser Link öffnet keine Zahlung. Vielleicht ist er unvollständig.",
    },
}  # fmt: skip

# The page that says whether a document is genuine.
PROOF = {
    "en": {
        "language": "en", "title": "Is it genuine?", "yes": "This document is genuine.",
        "no": "The shop has issued no document with this code.",
        "compare": "Compare number, date and amount with the document in your hand.",
        "receipt": "Receipt", "credit_note": "Credit note", "date": "Date", "total": "Total",
    },
    "de": {
        "language": "de", "title": "Ist das echt?", "yes": "Dieses Dokument ist echt.",
        "no": "Der Shop hat kein Dokument mit diesem Code ausgestellt.",
        "compare": "Vergleichen Sie Nummer, Datum und Betrag mit dem Dokument, das Ihnen vorliegt.",
        "receipt": "Beleg", "credit_note": "Erstattungsbeleg", "date": "Datum", "total": "Gesamtbetrag",
    },
}  # fmt: skip
