"""Splitting what lines cost together."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from heapq import heapify, heappop, heappush


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
    missing = total - sum(parts)
    if missing == 0:
        return parts
    step = 1 if missing > 0 else -1

    def claim(index: int) -> tuple[Fraction, int]:
        """Return the place of a line in the queue for its next unit, or for giving back its last one."""
        return -step * Fraction(weights[index], 2 * parts[index] + step), step * index

    queue = [claim(index) for index, part in enumerate(parts) if part or step > 0]
    heapify(queue)
    for _ in range(abs(missing)):
        index = abs(heappop(queue)[1])
        parts[index] += step
        if parts[index]:
            heappush(queue, claim(index))
    return parts
