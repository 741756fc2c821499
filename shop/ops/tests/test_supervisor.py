"""Children: started in groups, started again when they die, stopped with all they started."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from shop.ops import supervisor
from shop.ops.supervisor import Child, Program, stop

pytestmark = pytest.mark.once

# Writes its own id and its child's, then sleeps; with "deaf" it doesn't hear SIGTERM.
PARENT = """
import os, signal, subprocess, sys, time
if "deaf" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(os.getpid(), child.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def said() -> list[str]:
    """Collect what children are said to do."""
    return []


@pytest.fixture
def family(tmp_path: Path, said: list[str]):
    """Start such a parent; nothing of it is left after the test."""
    children: list[Child] = []

    def start(*words: str) -> tuple[Child, list[int]]:
        program = Program(
            name="parent",
            arguments=[sys.executable, "-c", PARENT, *words],
            log=tmp_path / "logs" / "parent.log",
        )
        child = Child(program, say=said.append)
        child.start()
        children.append(child)
        return child, pids(program.log)

    yield start
    for child in children:
        child.kill()


def pids(log: Path, generation: int = 1) -> list[int]:
    # Only lines that have ended count: without buffering a line is written word by word.
    lines = eventually(lambda: len(found := log.read_text().split("\n")[:-1]) >= generation and found)
    return [int(word) for word in lines[-1].split()]


def eventually(what, seconds: float = 60):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := what():
            return found
        time.sleep(0.02)
    raise AssertionError("it didn't happen")


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that only waits to be collected doesn't."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_child_leads_a_group_of_its_own(family):
    _, (parent, grandchild) = family()

    assert os.getpgid(parent) == os.getpgid(grandchild) == parent != os.getpgid(0)


def test_stopping_ends_the_whole_group(family):
    child, members = family()

    stop([child])

    assert not child.running
    eventually(lambda: not any(map(is_alive, members)))


def test_who_does_not_hear_is_killed(family, monkeypatch):
    monkeypatch.setattr(supervisor, "_GRACE_SECONDS", 0.2)
    child, members = family("deaf")

    stop([child])

    eventually(lambda: not any(map(is_alive, members)))


def test_a_dead_child_is_started_again_after_a_growing_pause(family, said, monkeypatch):
    monkeypatch.setattr(supervisor, "_LONGEST_PAUSE", 0.1)
    child, (first, orphan) = family()
    child._pause = 0.05

    os.kill(first, signal.SIGKILL)
    eventually(lambda: child.watch() or said)
    assert not child.running
    eventually(lambda: child.watch() or child.running)

    second, _ = pids(child.program.log, generation=2)
    assert second != first
    assert said[0].startswith("parent ended with -9; starting it again in 0 s. Its last words: ")
    assert child._pause == 0.1
    eventually(lambda: not is_alive(orphan))


def test_a_living_child_is_left_alone(family, said):
    child, (first, _) = family()

    for _ in range(5):
        child.watch()

    assert child.running
    assert said == []
    assert pids(child.program.log)[0] == first


@pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel of Linux for it")
def test_children_end_with_a_supervisor_that_is_killed(tmp_path: Path):
    log = tmp_path / "x.log"
    program = f"Program(name='x', arguments=[sys.executable, '-c', {PARENT!r}], log=Path({str(log)!r}))"
    script = (
        "import sys, time; from pathlib import Path; from shop.ops.supervisor import Child, Program\n"
        f"Child({program}, say=print).start()\n"
        "time.sleep(60)"
    )
    above = Child(
        Program(name="above", arguments=[sys.executable, "-c", script], log=tmp_path / "above.log"), say=print
    )
    above.start()
    eventually(log.exists)
    parent, grandchild = pids(log)

    above.kill()

    eventually(lambda: not is_alive(parent))
    os.kill(grandchild, signal.SIGKILL)
