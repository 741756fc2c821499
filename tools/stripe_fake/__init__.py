"""
A local fake of Stripe's HTTP API, for development, drills and tests. No money moves.

Start it with `python -m tools.stripe_fake --port 8001 --data DIR --webhook-url URL --webhook-secret S`, or
in a test by `with StripeFake(webhook_url=...) as fake:`. Any `sk_test_...` key is a secret key, and any
`pk_test_...` key a publishable one, which may do only what a browser may. Test cards are Stripe's own, by id
and by number (`cards.py`).

3-D Secure: an intent that `requires_action` names a page with the buttons Complete and Fail, in
`next_action.redirect_to_url.url` when it was confirmed with a `return_url`, else in
`next_action.use_stripe_sdk.stripe_js`. A script does the same by `POST /v1/payment_intents/{id}/_3ds` (or
`/v1/setup_intents/{id}/_3ds`) with the form `client_secret=...&result=succeed|fail`; a publishable key is
enough. The answer is the intent, 200 in both cases.

Asynchronous methods (`pm_sepa_debit`, `pm_usBankAccount`) stay in `processing` for three seconds, then
succeed; the ones with `_fail` or `_insufficientFunds` fail. A hosted checkout stands at its session's `url`.

Control, JSON with `Content-Type: application/json`; `StripeFake` has each as a method:
  GET  /_fake/health                            what runs, and how much is waiting
  GET  /_fake/ledger?object=payment_intent      every object, with the key that made it
  GET  /_fake/requests                          every call received
  GET  /_fake/deliveries                        webhooks still to be delivered
  POST /_fake/faults                            {method, path: a regex, how, times, seconds}; or DELETE
       how: before, after, 500, 500_after, 429, 409, hang, malformed (`faults.KINDS` says what each does)
  POST /_fake/webhooks                          {paused: true | false | "drop", url, secret, keep_old: sign with the
       old one too, times: send each so often, delay: seconds, newest_first: of those that wait}
  POST /_fake/events                            {type, object: an id or an object}: forge, without delivery
  POST /_fake/events/{id}/send                  {times, concurrent}: deliver now, once more
  POST /_fake/payment_intents/{id}/settle       {result: succeed | fail}
  POST /_fake/refunds/{id}/finish               {result: succeed | fail}
  POST /_fake/disputes                          {charge, amount, reason, inquiry}
  POST /_fake/disputes/{id}/close               {verdict: won | lost}
"""

from tools.stripe_fake.fake import StripeFake

__all__ = ["StripeFake"]
