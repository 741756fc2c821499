"""Splitting what lines cost together."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction


def shares(total: int, weights: Sequence[int]) -> list[int]:
    """
    Split ``total`` over lines that weigh ``weights``, so that the parts sum to it exactly and none passes its weight.

    This is Webster's method of apportionment (Sainte-Laguë): part i is ``weights[i] / d`` rounded, for the one
    divisor d whose parts sum to ``total``. Unlike the largest remainder it is monotone: when a weight and the total
    grow by the same amount, no part shrinks, hence one more unit never lowers what another line costs, nor the tax
    on it. Ties go to the earlier line.

    :param total: from 0 to the sum of the weights, which aren't negative.
    """
    whole = sum(weights)
    if whole == 0:
        return [0] * len(weights)
    # At the divisor of the exact quotas the parts are right, but for few that rounding gave or took.
    parts = [(2 * total * weight + whole) // (2 * whole) for weight in weights]
    over = sum(parts) - total
    while over > 0:
        last = max(
            (index for index, part in enumerate(parts) if part),
            key=lambda index: (-Fraction(weights[index], 2 * parts[index] - 1), index),
        )
        parts[last] -= 1
        over -= 1
    while over < 0:
        first = min(
            range(len(weights)),
            key=lambda index: (-Fraction(weights[index], 2 * parts[index] + 1), index),
        )
        parts[first] += 1
        over += 1
    return parts
