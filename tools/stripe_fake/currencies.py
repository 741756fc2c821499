"""Which amounts Stripe takes in which currency."""

from __future__ import annotations

from tools.stripe_fake.errors import invalid


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


ZERO_DECIMAL = _codes("bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf")
THREE_DECIMAL = _codes("bhd jod kwd omr tnd")
# Two-decimal for the API, but only whole units are charged.
WHOLE_UNITS = frozenset({"isk"})
TWO_DECIMAL = _codes(
    "aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd bwp byn bzd cad cdf chf cny"
    " cop crc cve czk dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gtq gyd hkd hnl htg huf idr ils inr isk"
    " jmd kes kgs khr kyd kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio"
    " nok npr nzd pab pen pgk php pkr pln qar ron rsd rub sar sbd scr sek sgd shp sle sos srd std szl thb tjs"
    " top try ttd twd tzs uah usd uyu uzs wst xcd xcg yer zar zmw"
)
KNOWN = ZERO_DECIMAL | THREE_DECIMAL | TWO_DECIMAL
MINIMUM = {
    "aed": 200, "bgn": 100, "czk": 1500, "dkk": 250, "gbp": 30, "hkd": 400, "huf": 17500, "mxn": 1000,
    "myr": 200, "nok": 300, "pln": 200, "ron": 200, "sek": 300, "thb": 1000,
}  # fmt: skip
DEFAULT_MINIMUM = 50
MAXIMUM = 99_999_999


def check_currency(currency: str) -> str:
    """
    Return the currency in lower case.

    :raises StripeError: Stripe does not know it.
    """
    lowered = currency.lower()
    if lowered not in KNOWN:
        raise invalid(f"Invalid currency: {currency[:20]}.", "currency")
    return lowered


def check_amount(amount: int, currency: str, *, param: str = "amount", minimum: int | None = None) -> int:
    """
    Return the amount, in minor units, when it may be charged.

    `minimum` replaces the least amount of the currency, for captures and refunds.

    :raises StripeError: too small, too large, or finer than the currency's last coin.
    """
    least = MINIMUM.get(currency, DEFAULT_MINIMUM) if minimum is None else minimum
    if amount < 1:
        raise invalid("This value must be greater than or equal to 1.", param, "parameter_invalid_integer")
    if amount < least:
        message = f"Amount must be at least {least} in the smallest unit of {currency}"
        raise invalid(message, param, "amount_too_small")
    if amount > MAXIMUM:
        raise invalid(f"Amount must be no more than {MAXIMUM}", param, "amount_too_large")
    if currency in WHOLE_UNITS and amount % 100:
        message = f"Amounts in {currency} must be divisible by 100"
        raise invalid(message, param, "invalid_charge_amount_no_decimal_compatible")
    if currency in THREE_DECIMAL and amount % 10:
        raise invalid(f"Amounts in {currency} must end in 0", param)
    return amount
