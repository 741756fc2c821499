"""What is done to a run, and when: the same for the same seed."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

RELAYS = ("relay-a", "relay-b")
CONSUMERS = ("consumer-a", "consumer-b")
SENDER = "sender"
PARTS = (*RELAYS, *CONSUMERS, SENDER)
LEADER, EVERYBODY = "leader", "everybody"

PLACES = (
    (LEADER, "relay.after_select"),
    (LEADER, "relay.sent_before_ack"),
    (LEADER, "relay.partial_batch"),
    (LEADER, "relay.after_ack_before_mark"),
    (CONSUMERS[0], "consumer.after_poll"),
    (CONSUMERS[1], "consumer.after_commit_before_offset"),
    (CONSUMERS[0], "consumer.after_offset"),
    (SENDER, "mail.before_send"),
    (SENDER, "mail.after_250_before_commit"),
)


@dataclass(frozen=True)
class Kill:
    """SIGKILL: of a part after so many seconds, or of itself at a failpoint that it reaches after them."""

    who: str
    after: float
    place: str = ""


@dataclass(frozen=True)
class Away:
    """The broker can't be reached for so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Stopped:
    """The leading relay is stopped (SIGSTOP) for so many seconds, and then goes on."""

    seconds: float


Blow = Kill | Away | Stopped


def blows(
    *, seed: int, kills: int, flaps: int = 0, flap: float = 3.0, down: float = 0.0, stopped: float = 0.0
) -> list[Blow]:
    """
    Return the blows of a run in their order: each failpoint once if there are enough kills, the rest at random.

    :param flaps: how often the broker is away for ``flap`` seconds; ``down`` is one long time more.
    """
    random = Random(seed)  # noqa: S311  (a run that can be repeated, not a secret)
    found: list[Blow] = []
    for number in range(kills):
        after = random.uniform(0, 0.4)
        if number < len(PLACES):
            found.append(Kill(*_at(PLACES[number], after)))
        elif random.random() < 0.4:
            found.append(Kill(*_at(random.choice(PLACES), after)))
        else:
            found.append(Kill(random.choice((*PARTS, EVERYBODY)), after))
    found += [Away(flap)] * flaps
    found += [Away(down)] if down else []
    found += [Stopped(stopped)] if stopped else []
    random.shuffle(found)
    return found


def _at(place: tuple[str, str], after: float) -> tuple[str, float, str]:
    who, name = place
    return who, after, name
