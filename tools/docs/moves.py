"""
Draws the moves of an order out of ``orders.moves`` and shows the answers of ``tools.docs.answers``:
``python -m tools.docs.moves`` writes ``docs/moves.md``.

``--check`` writes nothing and fails when the file says something else.
"""

from __future__ import annotations

import sys
from pathlib import Path

from orders.moves import FULFILMENT, MOVES, PAYMENT, STATUS
from tools.docs import answers

TARGET = Path(__file__).resolve().parents[2] / "docs" / "moves.md"

# axis -> where a new order begins, and what the axis is about.
AXES = {
    STATUS: ("pending", "Whether the order stands. Nothing else decides what may happen to it next."),
    PAYMENT: ("unpaid", "Where the money is. It is derived from the order's payments and refunds."),
    FULFILMENT: ("unfulfilled", "Where the goods are. It is derived from the lines of its shipments."),
}
HEAD = """\
# The moves of an order

<!-- Made by `python -m tools.docs.moves` out of orders/moves.py and tools/docs/answers.py: change those, not this. -->

An order has three axes that never mix. On each of them it may only go where an arrow leads; anything else is
refused with `transition_not_allowed`. Each move is one compare-and-set that raises the order's version, and
leaves a row in its history: from where, to where, who, why, when.
"""


def diagram(axis: str) -> str:
    """Return one axis as a Mermaid state diagram."""
    moves = MOVES[axis]
    lines = ["stateDiagram-v2", f"    [*] --> {AXES[axis][0]}"]
    for state, following in moves.items():
        lines += [f"    {state} --> {to}" for to in following] or [f"    {state} --> [*]"]
    return "\n".join(lines)


def table(axis: str) -> str:
    """Return one axis as a table, for who reads the source."""
    rows = [
        f"| `{state}` | {', '.join(f'`{to}`' for to in following) or 'nowhere: final'} |"
        for state, following in MOVES[axis].items()
    ]
    return "\n".join(["| from | to |", "| --- | --- |", *rows])


def document() -> str:
    """Return the whole document."""
    parts = [HEAD]
    for axis, (_, about) in AXES.items():
        parts.append(f"## `{axis}`\n\n{about}\n\n```mermaid\n{diagram(axis)}\n```\n\n{table(axis)}\n")
    parts.append(answers.document())
    return "\n".join(parts)


def main() -> int:
    """Write the document, or only compare it."""
    if "--check" not in sys.argv[1:]:
        TARGET.write_text(document())
        return 0
    if TARGET.exists() and TARGET.read_text() == document():
        return 0
    print(f"{TARGET.name} isn't what the code says: run python -m tools.docs.moves.")
    return 1


if __name__ == "__main__":
    sys.exit(main())
