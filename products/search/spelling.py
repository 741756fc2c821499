"""Slips of the keyboard: how near one word is to another."""

from __future__ import annotations

from collections.abc import Iterable

# Of their trigrams: two slips in a word of five letters leave no more.
LEAST_ALIKE = 0.15
_MOST_MEANT = 3
_TWO_SLIPS_FROM = 5


def nearest(word: str, others: Iterable[str]) -> tuple[str, ...]:
    """
    Return those of the others that the word may be a slip of, at most three, all of them equally far.

    That is one slip of the keyboard, or two in a word of five letters or more.
    """
    most = 2 if len(word) >= _TWO_SLIPS_FROM else 1
    rated = sorted(
        (far, -near, other)
        for other in others
        if (near := alike(word, other)) >= LEAST_ALIKE and (far := slips(word, other)) <= most
    )
    return tuple(other for far, _, other in rated if far == rated[0][0])[:_MOST_MEANT]


def alike(one: str, other: str) -> float:
    """Return how alike two words are as pg_trgm has it: which part of all their trigrams both have."""
    first, second = _trigrams(one), _trigrams(other)
    return len(first & second) / len(first | second)


def slips(one: str, other: str) -> int:
    """Return how many letters are left out, put in, changed, or exchanged with the next between two words."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, 1):
        before, last, row = row, before, [at]
        for there, wanted in enumerate(other, 1):
            step = min(before[there] + 1, row[-1] + 1, before[there - 1] + (letter != wanted))
            if at > 1 and there > 1 and letter == other[there - 2] and one[at - 2] == wanted:
                step = min(step, last[there - 2] + 1)
            row.append(step)
    return row[-1]


def _trigrams(word: str) -> set[str]:
    padded = f"  {word} "
    return {padded[at : at + 3] for at in range(len(padded) - 2)}
