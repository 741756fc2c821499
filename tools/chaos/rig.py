"""The processes of a run: started, killed, seen to their end, started again."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models.functions import Now

from notifications.models import EmailMessage
from shop.events.models import Lease, OutboxEvent
from shop.events.relay import LEASE
from tools.chaos import part, plan, things
from tools.services.base import wait_until

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerProcess
    from pathlib import Path

    from tools.chaos.announcer import Feed
    from tools.chaos.link import Link
    from tools.chaos.mailbox import Mailbox

# All processes together, each with its clients; one that asks without a pause asks thousands of times.
MOST_KNOCKS = 30
HUNGRY_SECONDS = 2.0
# A dead member's session, a dead leader's lease, and a busy machine.
_PATIENCE = 90.0


@dataclass
class Rig:
    """
    The parts of the shop, each a process of its own.

    ``hurry``: what waits for time to pass after a kill (the lease of a dead leader or sender, the pause before a
    mail is tried again) is moved in the database instead, a restarted consumer keeps its name, and a group waits
    for a dead member as shortly as it can.
    """

    folder: Path
    mailbox: Mailbox
    link: Link | None
    hurry: bool
    deaths: Counter[str] = field(default_factory=Counter)
    # While the broker was away: the most that waited, and the most connections asked for in a second.
    backlog: int = 0
    knocks: float = 0.0
    strays: list[str] = field(default_factory=list)
    _running: dict[str, ForkServerProcess] = field(default_factory=dict)

    def start(self) -> None:
        """Start every part."""
        multiprocessing.set_forkserver_preload([part.__name__])
        for name in plan.PARTS:
            self._start(name)

    def strike(self, blow: plan.Blow, feed: Feed) -> None:
        """
        Deal one blow while something moves, and come back when whoever fell runs again.

        :param feed: lets events out. Who is to die at a failpoint is told before, or might find nothing to do.
        """
        if isinstance(blow, plan.Kill) and blow.place:
            time.sleep(blow.after)
            self._die_at(blow, feed)
            return
        feed.part()
        if isinstance(blow, plan.Away):
            if self.link is not None:
                self._be_away(self.link, blow.seconds)
            return
        if isinstance(blow, plan.Stopped):
            self._stop_leader(blow.seconds)
            return
        time.sleep(blow.after)
        struck = [self._running[name] for name in (plan.PARTS if blow.who == plan.EVERYBODY else [blow.who])]
        for process in struck:
            process.kill()
        for process in struck:
            process.join()
        self.revive()
        self.deaths["at a random moment"] += 1

    def revive(self) -> None:
        """Start again whoever is dead."""
        dead = [name for name, process in self._running.items() if not process.is_alive()]
        for name in dead:
            process = self._running[name]
            process.join()
            if process.exitcode != -signal.SIGKILL:
                self.strays.append(f"{name} ended by itself with {process.exitcode}")
            self._bury(name, process.pid or 0)
            self._start(name)

    def let_time_pass(self) -> None:
        """Let mails that were put off be due, if it is to go fast."""
        if self.hurry:
            EmailMessage.objects.filter(state=EmailMessage.State.RETRY).update(next_attempt_at=Now())

    def stop(self) -> None:
        """End every part in order; what doesn't end by itself with 0 is a stray."""
        for process in self._running.values():
            process.terminate()
        for name, process in self._running.items():
            process.join(30)
            if process.exitcode != 0:
                self.strays.append(f"{name} ended with {process.exitcode} when it was told to")
        self.kill()

    def kill(self) -> None:
        """End every part at once."""
        for process in self._running.values():
            process.kill()
            process.join()

    def _start(self, name: str) -> None:
        self._armed(name).write_text("")
        order = part.Order(
            command=self._command(name),
            log=self.folder / f"{name}.log",
            armed=self._armed(name),
            proxy=self.link.url if self.link and name != plan.SENDER else "",
            hurry=self.hurry,
        )
        # Forked from a process that has loaded the shop and has no threads.
        self._running[name] = multiprocessing.get_context("forkserver").Process(
            target=part.run, args=(order,), name=name
        )
        self._running[name].start()

    def _command(self, name: str) -> tuple[str, ...]:
        if name in plan.RELAYS:
            return ("publish_events",)
        if name == plan.SENDER:
            return ("send_mail",)
        # One under a lasting name, and one that is a new member each time, unless that would take too long.
        lasting = self.hurry or name == plan.CONSUMERS[0]
        return ("consume_events", "--group", things.GROUP, *(("--instance", name) if lasting else ()))

    def _armed(self, name: str) -> Path:
        return self.folder / f"{name}.armed"

    def _be_away(self, link: Link, seconds: float) -> None:
        asked = link.asked
        link.cut()
        time.sleep(seconds)
        self.backlog = max(self.backlog, OutboxEvent.objects.filter(published_at=None).count())
        knocks = (link.asked - asked) / seconds
        link.mend()
        # As long there again, or at least until everybody has noticed: else many flaps would be one long outage.
        time.sleep(min(seconds, 3.0))
        self.knocks = max(self.knocks, knocks)
        if knocks > MOST_KNOCKS:
            self.strays.append(f"a broker that was away was asked {knocks:.0f} times a second")
        self.deaths["broker away"] += 1

    def _die_at(self, kill: plan.Kill, feed: Feed) -> None:
        """Arm a failpoint and wait until somebody dies of it; whoever leads by then, if it is the leader's."""
        until = time.monotonic() + _PATIENCE
        hungry = time.monotonic() + HUNGRY_SECONDS
        armed: set[str] = set()
        while time.monotonic() < until:
            name = self._leader() if kill.who == plan.LEADER else kill.who
            if name and name not in armed:
                self._armed(name).write_text(kill.place)
                self._signal(name, signal.SIGUSR1)
                armed.add(name)
                if len(armed) == 1:
                    feed.part()
            if not all(process.is_alive() for process in self._running.values()):
                self.revive()
                self.deaths[kill.place] += 1
                return
            # Another one may have had all of it.
            if time.monotonic() > hungry:
                feed.more()
                hungry = time.monotonic() + HUNGRY_SECONDS
            time.sleep(0.02)
        self.strays.append(f"{kill.place} was never reached")

    def _leader(self) -> str | None:
        # The holder's name ends with its process and a mark of its own.
        holder = Lease.objects.filter(name=LEASE, until__gt=Now()).values_list("holder", flat=True).first()
        pids = {str(self._running[name].pid): name for name in plan.RELAYS}
        return pids.get(holder.split(":")[-2]) if holder else None

    def _stop_leader(self, seconds: float) -> None:
        wait_until(lambda: self._leader() is not None, seconds=_PATIENCE)
        name = self._leader()
        if name is None:
            self.strays.append("no relay leads")
            return
        self._signal(name, signal.SIGSTOP)
        time.sleep(seconds)
        if self._leader() in (None, name):
            self.strays.append(f"nobody took over from {name} within {seconds:.0f} s")
        self._signal(name, signal.SIGCONT)
        self.deaths["stopped and went on"] += 1

    def _signal(self, name: str, number: signal.Signals) -> None:
        pid = self._running[name].pid
        # One that has just died is seen to by whoever looks next.
        with contextlib.suppress(ProcessLookupError):
            if pid:
                os.kill(pid, number)

    def _bury(self, name: str, pid: int) -> None:
        """See to what a dead process leaves: note the mail that may come twice, and let its leases run out."""
        sending = EmailMessage.objects.filter(state=EmailMessage.State.SENDING)
        if name == plan.SENDER:
            self.mailbox.settle()
            for held in sending.values_list("message_id", flat=True):
                self.mailbox.excuse(held)
        if not self.hurry:
            return
        if name == plan.SENDER:
            sending.update(lease_until=Now() - timedelta(seconds=1))
        Lease.objects.filter(name=LEASE, holder__contains=f":{pid}:").update(
            until=Now() - timedelta(seconds=1)
        )
