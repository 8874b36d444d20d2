"""What does it cost to learn when to look, in CPU for each order that somebody waits for?"""

import argparse
import heapq
import random
import time
from itertools import count

from benchmarks.best import LAWS
from benchmarks.driving import command
from benchmarks.polling import EVERY
from benchmarks.table import machine, table
from cdek_async._learning import SettleTimes
from cdek_async._schedule import Sighting


class Unlearned(SettleTimes):
    """The same calls, of which nothing is made."""

    def next_look(self, age: float) -> float:
        return max(0.4, age * 1.25)

    def observe(self, sighting: Sighting, age: float, *, settled: bool) -> None:
        pass


def played(law: str, times: SettleTimes, orders: int, seed: int) -> tuple[float, int]:
    """CPU and looks of orders that come one after the other, as `Polling()` looks at them."""
    rng, turns, looks = random.Random(seed), count(), 0
    settling = [LAWS[law].draw(rng) for _ in range(orders)]
    waiting: list[tuple[float, int, float, float, Sighting]] = []  # when, turn, age, settle time
    began = time.process_time()
    for number, settle in enumerate(settling):
        now = number * EVERY
        looks += _looked(waiting, times, now, turns)
        first, sighting = times.next_look(0.0), Sighting()
        heapq.heappush(waiting, (now + first, next(turns), first, settle, sighting))
    looks += _looked(waiting, times, float("inf"), turns)
    return time.process_time() - began, looks


def _looked(
    waiting: list[tuple[float, int, float, float, Sighting]],
    times: SettleTimes,
    until: float,
    turns: "count[int]",
) -> int:
    looks = 0
    while waiting and waiting[0][0] <= until:
        looks += 1
        when, _, age, settle, sighting = heapq.heappop(waiting)
        times.observe(sighting, age, settled=settle <= age)
        if settle > age:
            then = times.next_look(age)
            heapq.heappush(waiting, (when + then - age, next(turns), then, settle, sighting))
    return looks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="a smoke test: its figures mean nothing")
    options = parser.parse_args()
    orders, rounds = (200, 1) if options.quick else (options.orders, options.rounds)
    rows = []
    for law in LAWS:
        spent, idle, looks = [], [], 0
        for seed in range(rounds):
            took, looks = played(law, SettleTimes(), orders, seed)
            without, unlearned = played(law, Unlearned(), orders, seed)
            spent.append(took / orders * 1e6)
            idle.append(without / unlearned * looks / orders * 1e6)  # of as many looks
        least = min(one - other for one, other in zip(spent, idle, strict=True))
        most = max(one - other for one, other in zip(spent, idle, strict=True))
        rows.append([law, f"{looks / orders:.2f}", f"{least:.1f}", f"{most:.1f}"])
    print(f"{machine()}\n")
    print(table(["settle times", "looks per order", "least of rounds, µs", "most, µs"], rows))


if __name__ == "__main__":
    command(main)
