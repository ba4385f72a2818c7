"""A few sets that together hold all that many sets hold: greedy, which is near to the fewest; and how few may do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence, Set
from heapq import heapify, heappop, heappush
from typing import TypeVar

P = TypeVar("P", bound=Hashable)
K = TypeVar("K", bound=Hashable)


def cover(sets: Sequence[frozenset[P]], costs: Sequence[int], covered: set[P]) -> list[int]:
    """The positions of the sets to take, in the order in which they are taken: always the one that adds most for its cost, of
    several such the first. Those in `covered` are held already; what is taken is added to them."""
    # What a set adds only becomes less, so the best of the last look needs a second look, and no other one does.
    heap = [(-len(one - covered) / cost, at) for at, (one, cost) in enumerate(zip(sets, costs, strict=True))]
    heapify(heap)
    taken = []
    while heap:
        worth, at = heappop(heap)
        now = -len(sets[at] - covered) / costs[at]
        if not now:
            continue
        if now != worth and heap and (now, at) > heap[0]:
            heappush(heap, (now, at))
            continue
        taken.append(at)
        covered |= sets[at]
    return taken


def needless(sets: Sequence[tuple[K, frozenset[P]]], needed: Set[K]) -> list[K]:
    """Those, in turn, whose set is held by the others that stay; what is in `needed` stays in any case."""
    counted = Counter(point for _, one in sets for point in one)
    found = []
    for name, one in sets:
        if name not in needed and all(counted[point] > 1 for point in one):
            counted.subtract(one)
            found.append(name)
    return found


def least(sets: Iterable[int]) -> int:
    """So many of these sets are needed at least to hold all that they hold. A set is a number, of which each bit is a point.

    Points of which no set has two need a set each; they are chosen greedily, those first that are beside the fewest others.
    """
    beside: dict[int, int] = {}
    for one in set(sets):
        left = one
        while left:
            point = left & -left
            beside[point] = beside.get(point, 0) | one
            left ^= point
    apart = count = 0
    for point, others in sorted(beside.items(), key=lambda item: (item[1].bit_count(), item[0])):
        if not others & apart:
            apart |= point
            count += 1
    return count
