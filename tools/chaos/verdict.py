"""What must be true of events and mail, whatever was killed: ledgers beside each other, and what differs."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """
    A ledger of what arrived beside what was announced.

    ``lost``: announced and never there. ``phantom``: there and never announced, or under another key. ``disordered``:
    keys whose events came for the first time in another order than they were announced in. ``repeated``: how often
    one came again.
    """

    lost: tuple[str, ...]
    phantom: tuple[str, ...]
    disordered: tuple[str, ...]
    repeated: int

    def __str__(self) -> str:
        found = f"lost {len(self.lost)}, phantom {len(self.phantom)}, out of order {len(self.disordered)}"
        return f"{found}, repeated {self.repeated}"


def compare(announced: Mapping[str, Sequence[str]], arrived: Iterable[tuple[str, str]]) -> Comparison:
    """
    Compare what arrived with what was announced.

    :param announced: the ids of each key's events, in order.
    :param arrived: (key, id) in the order of arrival, as far as one key is concerned.
    """
    owner = {event: key for key, events in announced.items() for event in events}
    firsts: dict[str, list[str]] = defaultdict(list)
    met: set[str] = set()
    phantom, repeated = [], 0
    for key, event in arrived:
        if owner.get(event) != key:
            phantom.append(event)
        elif event in met:
            repeated += 1
        else:
            met.add(event)
            firsts[key].append(event)
    return Comparison(
        lost=tuple(event for event in owner if event not in met),
        phantom=tuple(phantom),
        disordered=tuple(
            key for key, events in announced.items() if firsts[key] != [one for one in events if one in met]
        ),
        repeated=repeated,
    )


def scattered(places: Iterable[tuple[str, int]]) -> list[str]:
    """Return the keys that lie in more than one partition, where their order is lost, given (key, partition)."""
    found: dict[str, set[int]] = defaultdict(set)
    for key, partition in places:
        found[key].add(partition)
    return [key for key, partitions in found.items() if len(partitions) > 1]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """
    What became of a run.

    ``outbox`` compares what its announcers know to have committed with the rows; the others compare the rows with
    what was on the ``topic``, what was ``handled``, and the mails owed with those the mail server took. ``windows``
    counts the kills and cuts between the server's answer and the record of it, each of which may repeat one mail.
    ``left`` names what is still waiting after the end, and how much of it.
    """

    outbox: Comparison
    topic: Comparison
    handled: Comparison
    mails: Comparison
    windows: int
    scattered: Sequence[str] = ()
    left: Mapping[str, int] = field(default_factory=dict)
    # Processes that ended otherwise than they were made to, with how.
    strays: Sequence[str] = ()

    def violations(self) -> list[str]:
        """Return what must not be, in words; nothing when all is well."""
        found = []
        for name in ("outbox", "topic", "handled", "mails"):
            ledger: Comparison = getattr(self, name)
            if ledger.lost or ledger.phantom or ledger.disordered:
                found.append(f"{name}: {ledger}")
        # On the topic a repetition is what was promised; behind the inbox it is not.
        if self.outbox.repeated or self.handled.repeated:
            found.append(f"announced or handled twice: {self.outbox.repeated} and {self.handled.repeated}")
        if self.mails.repeated > self.windows:
            found.append(f"mails sent twice: {self.mails.repeated}, of which {self.windows} may be")
        if self.scattered:
            found.append(f"keys in more than one partition: {len(self.scattered)}")
        found += [f"still there at the end: {count} {name}" for name, count in self.left.items() if count]
        return found + list(self.strays)
