"""A map whose shards cost nothing but the time that they are told to take, for the tests of maps.

It has a module of its own, as worker processes must find it by its name.
"""

import os
import time
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import NamedTuple

from workings.maps import Map
from workings.streams import stream


class Walk(NamedTuple):
    stride: float
    seed: int


class End(NamedTuple):
    where: float
    back: int | None  # the step at which it was home again


@dataclass(frozen=True)
class Walks:
    steps: int = 20
    kind: str = "fair"
    stride: tuple[float, ...] = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0)
    seeds: tuple[int, ...] = (0, 1, 2)

    @property
    def runs(self) -> list[Walk]:
        return [Walk(*values) for values in product(self.stride, self.seeds)]


def ends(recipe: Walks) -> list[End]:
    """Where each walk ends; who walks is written down, if somebody wants to know."""
    if "WALKS_LOG" in os.environ:
        (stride,) = recipe.stride
        with Path(os.environ["WALKS_LOG"]).open("a") as log:
            log.write(f"{stride} {os.getpid()}\n")
    time.sleep(float(os.environ.get("WALKS_SECONDS", "0")))
    found = []
    for walk in recipe.runs:
        steps = stream(walk.seed, "walk").choice([-1.0, 1.0], recipe.steps) * walk.stride
        home = [step + 1 for step, at in enumerate(steps.cumsum()) if at == 0]
        found.append(End(float(steps.sum()), home[0] if home else None))
    return found


WALKS = Map("grokking/walks", Walks(), ("stride",), ends, End)


def dies(recipe: Walks) -> list[End]:
    """What a shard does that takes more memory than there is."""
    os._exit(1)
