"""Events and mail through kills: 2,000 here, more by `python -m tools.chaos.events`; and that its verdict can fail."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from shop.events.tests.conftest import database_url
from tests.environment import ROOT
from tools.chaos.plan import PLACES, Kill, blows
from tools.chaos.verdict import Comparison, Verdict, compare, scattered

ANNOUNCED = {"a": ["a1", "a2", "a3"], "b": ["b1"]}
IN_ORDER = [("a", "a1"), ("b", "b1"), ("a", "a2"), ("a", "a3")]
CLEAN = Comparison(lost=(), phantom=(), disordered=(), repeated=0)
FAULTS: list[dict[str, Any]] = [{"lost": ("x",)}, {"phantom": ("x",)}]
ALL_WELL = Verdict(outbox=CLEAN, topic=CLEAN, handled=CLEAN, mails=CLEAN, windows=0)


@pytest.mark.needs_postgres
@pytest.mark.needs_kafka
@pytest.mark.timeout(300)
@pytest.mark.django_db(transaction=True)
def test_kills_lose_nothing_make_nothing_up_and_keep_the_order(kafka: str) -> None:
    command = [sys.executable, "-m", "tools.chaos.events", "--events=2000", "--mails=0.05", "--kills=11"]
    done = subprocess.run(
        [*command, "--seed=12", "--hurry", f"--database={database_url()}", f"--brokers={kafka}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    for _, place in PLACES:
        assert place in done.stdout


@pytest.mark.once
class TestComparison:
    def test_finds_nothing_where_nothing_is_wrong(self) -> None:
        assert compare(ANNOUNCED, IN_ORDER) == CLEAN

    def test_counts_what_came_again_at_any_time(self) -> None:
        again = [IN_ORDER[0], *IN_ORDER, ("a", "a1"), ("a", "a2")]

        assert compare(ANNOUNCED, again) == replace(CLEAN, repeated=3)

    @pytest.mark.parametrize("missing", ["a1", "a2", "a3", "b1"])
    def test_finds_what_is_lost(self, missing: str) -> None:
        left = [(key, event) for key, event in IN_ORDER if event != missing]

        assert compare(ANNOUNCED, left) == replace(CLEAN, lost=(missing,))

    @pytest.mark.parametrize("phantom", [("a", "x"), ("c", "c1"), ("b", "a1")])
    def test_finds_what_nobody_announced_even_under_a_known_key(self, phantom: tuple[str, str]) -> None:
        assert compare(ANNOUNCED, [phantom, *IN_ORDER]) == replace(CLEAN, phantom=(phantom[1],))

    def test_finds_a_key_whose_events_overtook_each_other(self) -> None:
        overtaken = [("b", "b1"), ("a", "a2"), ("a", "a1"), ("a", "a2"), ("a", "a3")]

        assert compare(ANNOUNCED, overtaken) == replace(CLEAN, disordered=("a",), repeated=1)

    def test_finds_a_key_in_two_partitions(self) -> None:
        assert scattered([("a", 0), ("b", 1), ("a", 0)]) == []
        assert scattered([("a", 0), ("b", 1), ("a", 2)]) == ["a"]


@pytest.mark.once
class TestVerdict:
    def test_passes_repetitions_where_they_are_promised(self) -> None:
        twice = replace(CLEAN, repeated=2)

        assert replace(ALL_WELL, topic=twice, mails=twice, windows=2).violations() == []

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            *(
                ({ledger: replace(CLEAN, **fault)}, ledger)
                for ledger in ("outbox", "topic", "handled", "mails")
                for fault in FAULTS
            ),
            ({"topic": replace(CLEAN, disordered=("x",))}, "topic: lost 0, phantom 0, out of order 1"),
            ({"handled": replace(CLEAN, repeated=1)}, "handled twice: 0 and 1"),
            ({"mails": replace(CLEAN, repeated=2), "windows": 1}, "mails sent twice: 2, of which 1 may be"),
            ({"scattered": ["x"]}, "more than one partition: 1"),
            ({"left": {"parked": 1, "unhandled": 0}}, "1 parked"),
            ({"strays": ["relay-a ended by itself with 1"]}, "relay-a ended"),
        ],
    )
    def test_names_what_must_not_be(self, wrong: dict[str, Any], said: str) -> None:
        (violation,) = replace(ALL_WELL, **wrong).violations()

        assert said in violation


@pytest.mark.once
def test_a_seed_repeats_the_blows_and_each_failpoint_is_among_them() -> None:
    found = blows(seed=5, kills=11, flaps=2)

    assert found == blows(seed=5, kills=11, flaps=2) != blows(seed=6, kills=11, flaps=2)
    assert {place for _, place in PLACES} <= {blow.place for blow in found if isinstance(blow, Kill)}
