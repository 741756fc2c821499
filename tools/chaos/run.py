"""One run: announce in parts, a blow in each, then heal, drain, judge, print."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import django
from django.core.management import call_command

django.setup()

# What imports models must wait for Django.
from shop.core.ids import new_id  # noqa: E402
from shop.events.kafka import create_topics  # noqa: E402
from tools.chaos import ledgers, plan, plants, things  # noqa: E402
from tools.chaos.announcer import Announcer, Feed  # noqa: E402
from tools.chaos.link import Link  # noqa: E402
from tools.chaos.rig import Rig  # noqa: E402
from users.models import User  # noqa: E402

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from tools.chaos.mailbox import Mailbox
    from tools.chaos.verdict import Verdict

USERS, ANNOUNCERS = 50, 3
# Nothing has moved for so long: it won't any more.
_STUCK_SECONDS = 240


def run(options: argparse.Namespace, mailbox: Mailbox, folder: Path) -> int:
    """Run, print what came of it, and return 1 if anything was wrong."""
    things.install()
    if not options.database:
        call_command("migrate", verbosity=0)
    create_topics()
    users = User.objects.bulk_create(
        [User(email=f"{new_id()}@example.com", password="") for _ in range(USERS)]
    )
    announcers = [
        Announcer(
            seed=options.seed + number,
            keys=(options.keys or options.events // 20) // ANNOUNCERS + 1,
            users=[user.pk for user in users],
            mails=options.mails,
        )
        for number in range(ANNOUNCERS)
    ]
    blows = plan.blows(
        seed=options.seed,
        kills=options.kills,
        flaps=options.flaps,
        flap=options.flap,
        down=options.down,
        stopped=options.stopped,
    )
    print(f"seed {options.seed}: {options.events} events, {len(blows)} blows", flush=True)
    began = time.monotonic()
    with ExitStack() as stack:
        link = stack.enter_context(Link()) if options.flaps or options.down else None
        rig = Rig(folder=folder, mailbox=mailbox, link=link, hurry=options.hurry)
        stack.callback(rig.kill)
        rig.start()
        for announcer in announcers:
            announcer.start()
        _strike(rig, announcers, blows, options.events)
        committed = {key: last for announcer in announcers for key, last in announcer.committed.items()}
        if options.plant:
            plants.plant(options.plant, committed, mailbox)
        mailbox.faults = False
        healed = time.monotonic()
        _drain(rig)
        drained = time.monotonic() - healed
        rig.stop()
    rig.strays += [f"announcing failed: {one.failure!r}" for one in announcers if one.failure]
    verdict = ledgers.judge(committed, mailbox, rig)
    print(
        f"  {sum(committed.values())} events, {time.monotonic() - began:.0f} s, the last {drained:.0f} of them to drain"
    )
    return _report(verdict, rig, mailbox)


def _strike(rig: Rig, announcers: list[Announcer], blows: list[plan.Blow], events: int) -> None:
    """Let a part of the events out for each blow, so that each falls while something moves."""
    feed = Feed(announcers, events=events, parts=len(blows) + 1)
    for blow in blows:
        rig.strike(blow, feed)
        rig.let_time_pass()
    feed.part()
    for announcer in announcers:
        announcer.end()


def _drain(rig: Rig) -> None:
    """Wait until everything is where it belongs, or nothing moves any more."""
    last, moved = ledgers.waiting(), time.monotonic()
    while any(last.values()) and time.monotonic() - moved < (30 if rig.hurry else _STUCK_SECONDS):
        time.sleep(0.2)
        rig.revive()
        rig.let_time_pass()
        now = ledgers.waiting()
        if now != last:
            last, moved = now, time.monotonic()


def _report(verdict: Verdict, rig: Rig, mailbox: Mailbox) -> int:
    violations = verdict.violations()
    for name, count in sorted(rig.deaths.items()):
        print(f"  {count:4} {name}")
    if rig.link:
        print(
            f"  without a broker up to {rig.backlog} waited, and {rig.knocks:.0f} connections a second were tried"
        )
    for name in ("outbox", "topic", "handled", "mails"):
        print(f"  {name:<8} {getattr(verdict, name)}")
    print(f"  {len(mailbox.taken)} mails, which {verdict.windows} kills and cuts may have repeated")
    for violation in violations:
        print(f"  VIOLATION {violation}")
    print("All is well." if not violations else f"{len(violations)} violations.", flush=True)
    return 1 if violations else 0
