"""What `make run` starts: the README's lines pasted, the example script run, and the purchase of `test_end_to_end`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.environment import ROOT
from tests.running_shop import RunningShop, embedded_shop
from tests.test_end_to_end import Purchase

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.once, pytest.mark.timeout(300)]

SECTION = "## A purchase by curl"
MARK = "--- end of step ---"


@dataclass(frozen=True)
class Step:
    """Lines to paste, and what they print according to the README."""

    lines: str
    prints: str


def steps() -> list[Step]:
    """Return the steps of the README's purchase: a block of sh, and the block of text behind it if there is one."""
    readme = (ROOT / "README.md").read_text()
    section = readme.partition(f"{SECTION}\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"```sh\n(.*?)```(?:\s+```text\n(.*?)```)?", section, re.DOTALL)
    return [Step(lines=lines, prints=prints) for lines, prints in blocks]


def paste(lines: list[str], *, shop: str, folder: Path) -> list[str]:
    """Run blocks of lines one after the other in one shell; return what each printed."""
    script = f"\necho '{MARK}'\n".join(["set -euo pipefail", *lines])
    done = subprocess.run(
        ["bash"],
        input=script,
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "SHOP": shop, "TMPDIR": str(folder)},
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert done.stderr == ""
    return done.stdout.split(f"{MARK}\n")[1:]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningShop]:
    with embedded_shop(tmp_path_factory.mktemp("embedded")) as shop:
        yield shop


def test_the_purchase_by_curl_ends_as_the_readme_says(shop: RunningShop, tmp_path: Path) -> None:
    purchase = steps()

    printed = paste([step.lines for step in purchase], shop=shop.base, folder=tmp_path)

    assert printed == [step.prints for step in purchase]
    assert "confirmed paid preparing\n2 fewer\n" in printed
    assert "48.90 EUR\n%PDF\n" in printed
    assert printed[-1].splitlines()[-1] == "Your receipt for order NUMBER"
    assert (tmp_path / "receipt.pdf").read_bytes().endswith(b"%%EOF\n")


def test_the_example_buys(shop: RunningShop) -> None:
    script = [sys.executable, str(ROOT / "examples" / "buy.py"), shop.base]

    done = subprocess.run(script, capture_output=True, text=True, check=False, timeout=60)

    assert (done.returncode, done.stderr) == (0, "")
    chosen, cart, placed, paid, receipt = done.stdout.splitlines()
    assert chosen.startswith("Chosen: 2 x ")
    assert cart.startswith("Cart: ")
    assert placed.endswith(": pending, unpaid")
    assert paid == placed.replace("pending, unpaid", "confirmed, paid")
    assert receipt.startswith("Receipt: ")


class TestPurchase(Purchase):
    """SQLite, local events, mails as files."""
