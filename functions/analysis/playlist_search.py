"""Local search for a cheap order, with all moves of a kind weighed at once. Pure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

type Matrix = NDArray[np.float64]
type Order = NDArray[np.intp]
type Moves = tuple[Matrix, Callable[[Order, int, int], Order]]
"""By how much each move changes the cost, by its two indices, and how to do one."""

ROUNDS: Final = 60
"""Of moves, at most, from one start."""
SHAKES: Final = 60
WORK: Final = 240_000
"""How often the search is begun again from a shaken order: `SHAKES` times, or `WORK` over places × tracks if less."""
STARTS: Final = 6_000_000
"""How many first tracks are tried: this over places × tracks."""
NEAR: Final = 30
"""Places within which an order is shaken, so that the rest of it stays good."""
CANDIDATES: Final = 64
"""Moves of a kind that are tried in a round, at most."""
PATIENCE: Final = 6
"""Moves that may fail in a row."""
_GAIN: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Problem:
    """What an order costs: its steps, its places, and how far its duration is from the one wanted."""

    steps: Matrix
    """From each track to each other, (tracks, tracks), symmetric."""
    places: Matrix
    """Of each track at each place, (tracks, places); there may be fewer places than tracks."""
    lasting: Matrix
    """Seconds of each track."""
    wanted: float | None
    """Seconds of all."""
    per_second: float

    def cost(self, order: Order) -> float:
        flow = self.steps[order[:-1], order[1:]].sum() + self.places[order, np.arange(len(order))].sum()
        return float(flow + self.miss(self.lasting[order].sum()))

    def miss[T: (float, Matrix)](self, seconds: T) -> T:
        return seconds * 0 if self.wanted is None else abs(seconds - self.wanted) * self.per_second


def greedy(problem: Problem) -> Order:
    """Start with what fits the first place best, then always take what is cheapest next."""
    orders: list[Order] = list(_greedy_from(problem, problem.places[:, :1].argmin(axis=0)))
    return orders[0]


def _greedy_from(problem: Problem, firsts: Order) -> Order:
    """Greedy orders from each of the first tracks given, (firsts, places)."""
    rows = np.arange(len(firsts))
    left = np.ones((len(firsts), len(problem.steps)), bool)
    orders = np.zeros((len(firsts), problem.places.shape[1]), np.intp)
    orders[:, 0], left[rows, firsts] = firsts, False
    for at, place in enumerate(problem.places.T[1:], 1):
        costs = place + problem.steps[orders[:, at - 1]]
        orders[:, at] = np.where(left, costs, np.inf).argmin(axis=1)
        left[rows, orders[:, at]] = False
    return orders


def _start(problem: Problem) -> Order:
    """Return the cheapest of the greedy orders from all first tracks, or from as many as `STARTS` allows."""
    count = min(len(problem.steps), max(1, STARTS // problem.places.size))
    firsts = np.linspace(0, len(problem.steps) - 1, count).astype(np.intp)
    orders: list[Order] = list(_greedy_from(problem, firsts))
    return min(orders, key=problem.cost)


def improved(problem: Problem, order: Order, seed: int) -> Order:
    """Search from `order`, or a better start, then from shaken versions of the best so far: iterated local search."""
    chance = np.random.default_rng(seed)
    best = min((_descended(problem, each) for each in (order, _start(problem))), key=problem.cost)
    cost = problem.cost(best)
    for _ in range(min(SHAKES, WORK // (len(order) * len(problem.steps))) if len(order) > 3 else 0):
        other = _descended(problem, _shaken(best, chance))
        if (reached := problem.cost(other)) < cost - _GAIN:
            best, cost = other, reached
    return best


def _shaken(order: Order, chance: np.random.Generator) -> Order:
    """Swap two neighbouring stretches: half of a double bridge, which no move below can undo at once."""
    first = int(chance.integers(max(1, len(order) - NEAR)))
    one, two, three = np.sort(first + chance.choice(min(NEAR, len(order)) + 1, 3, replace=False))
    return np.concatenate((order[:one], order[two:three], order[one:two], order[three:]))


def _descended(problem: Problem, order: Order) -> Order:
    """Do what gains most, until nothing gains."""
    cost = problem.cost(order)
    for _ in range(ROUNDS):
        began = cost
        for moves in MOVES:
            order, cost = _tried(problem, order, cost, moves(problem, order))
        if cost > began - _GAIN:
            break
    return order


def _tried(problem: Problem, order: Order, cost: float, moves: Moves) -> tuple[Order, float]:
    """Do moves, what seems to gain most first. Each changes what the next gains: all are checked by the full cost."""
    changes, move = moves
    failures = 0
    for first, second in _most_gaining(changes):
        changed = move(order, first, second)
        reached = problem.cost(changed)
        if reached < cost - _GAIN:
            order, cost, failures = changed, reached, 0
        elif (failures := failures + 1) == PATIENCE:
            break
    return order, cost


def _most_gaining(changes: Matrix) -> Iterator[tuple[int, int]]:
    flat = np.flatnonzero(changes < -_GAIN)
    ranked = flat[np.argsort(changes.ravel()[flat], kind="stable")[:CANDIDATES]]
    return zip(*(each.tolist() for each in np.unravel_index(ranked, changes.shape)), strict=True)


def _around(problem: Problem, order: Order) -> tuple[Matrix, Matrix]:
    """Steps between all places, with free ones at 0 and n + 1, before and after all; each track at each place."""
    between = np.zeros((len(order) + 2, len(order) + 2))
    between[1:-1, 1:-1] = problem.steps[np.ix_(order, order)]
    return between, problem.places[order]


def _exchanges(problem: Problem, order: Order) -> Moves:
    """One track for one that is left out: (place, index among those left out)."""
    out = np.setdiff1d(np.arange(len(problem.steps)), order)
    steps, (between, here) = problem.steps[np.ix_(order, out)], _around(problem, order)
    changes = problem.places[out, : len(order)].T - here.diagonal()[:, np.newaxis]
    changes[1:] += steps[:-1]
    changes[:-1] += steps[1:]
    edges = between.diagonal(1)
    changes -= (edges[:-1] + edges[1:])[:, np.newaxis]
    seconds = float(problem.lasting[order].sum())
    then = seconds - problem.lasting[order][:, np.newaxis] + problem.lasting[out]
    changes += problem.miss(then) - problem.miss(seconds)

    def exchange(order: Order, place: int, index: int) -> Order:
        if out[index] in order:
            return order
        changed = order.copy()
        changed[place] = out[index]
        return changed

    return changes, exchange


def _swaps(problem: Problem, order: Order) -> Moves:
    """Two tracks that are no neighbours: (place, later place)."""
    between, here = _around(problem, order)
    own = here.diagonal()
    edges = between.diagonal(1)
    beside = edges[:-1] + edges[1:] + own
    # What a track costs at the place of another one: the step to it, the step from it, and the place.
    placed = between[1:-1, :-2] + between[1:-1, 2:] + here
    changes = np.triu(placed + placed.T - beside - beside[:, np.newaxis], 2)

    def swap(order: Order, one: int, other: int) -> Order:
        changed = order.copy()
        changed[[one, other]] = order[[other, one]]
        return changed

    return changes, swap


def _insertions(problem: Problem, order: Order) -> Moves:
    """One track taken out and put elsewhere, those between moving up: (place, new place)."""
    between, here = _around(problem, order)
    own, edges = here.diagonal(), between.diagonal(1)
    up = np.concatenate(([0.0, 0.0], np.cumsum(here.diagonal(-1) - own[1:])))
    down = np.concatenate(([0.0], np.cumsum(here.diagonal(1) - own[:-1])))
    removed = between.diagonal(2) - edges[:-1] - edges[1:] - own
    changes = here + removed[:, np.newaxis]
    later = between[1:-1, 1:-1] + between[1:-1, 2:] - edges[1:] + up[1:] - up[1:, np.newaxis]
    sooner = between[1:-1, :-2] + between[1:-1, 1:-1] - edges[:-1] + down[:, np.newaxis] - down
    changes += np.triu(later, 1) + np.tril(sooner, -1)
    np.fill_diagonal(changes, 0)

    def insert(order: Order, place: int, to: int) -> Order:
        return np.insert(np.delete(order, place), to, order[place])

    return changes, insert


def _reversals(problem: Problem, order: Order) -> Moves:
    """A stretch turned round: (first place, last place)."""
    between, here = _around(problem, order)
    count, edges = len(order), between.diagonal(1)
    stay = np.concatenate(([0.0], np.cumsum(here.diagonal())))
    turned = here * np.eye(count)
    both = here + here.T
    for span in range(1, count):  # what a stretch costs turned round is what is within it, and its two ends
        first = np.arange(count - span)
        inner = turned[first + 1, first + span - 1] if span > 1 else 0.0
        turned[first, first + span] = inner + both[first, first + span]
    changes = turned - (stay[1:] - stay[:-1, np.newaxis])
    changes += between[:-2, 1:-1] + between[1:-1, 2:] - edges[:-1, np.newaxis] - edges[1:]

    def reverse(order: Order, first: int, last: int) -> Order:
        return np.concatenate((order[:first], order[first : last + 1][::-1], order[last + 1 :]))

    return np.triu(changes, 1), reverse


MOVES: Final = (_exchanges, _reversals, _insertions, _swaps)
