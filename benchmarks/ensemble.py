"""A step of a small network in an ensemble, and in a loop of modules as most would write it.

All ways take turns in one process and one thread; the least of their processor times counts.
`python benchmarks/ensemble.py --keep` keeps the figures for the book.
"""

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numba
import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy, one_hot

from workings.grokking import ensemble
from workings.grokking.ensemble import Ensemble, Member, Network

KEPT = Path(__file__).parents[1] / "results" / "grokking" / "speed-ensembles" / "rows.json"
FRAC_TRAIN = 0.6
SIZES = ((23, 128), (31, 128), (59, 256))  # p, d_mlp
NETWORKS = 4  # that take turns
STEPS = 20  # of one, before it is the next one's turn


def recipe_of(p: int, d_mlp: int) -> Ensemble:
    return Ensemble(p=p, d_mlp=d_mlp, frac_train=(FRAC_TRAIN,), seeds=tuple(range(NETWORKS)))


class OneHot(nn.Module):
    """The network on a one-hot a beside a one-hot b."""

    def __init__(self, recipe: Ensemble):
        super().__init__()
        self.up = nn.Linear(2 * recipe.p, recipe.d_mlp, bias=False)
        self.down = nn.Linear(recipe.d_mlp, recipe.p, bias=False)

    def forward(self, asked):
        return self.down(self.up(asked) ** 2)

    @staticmethod
    def asked(keys, p):
        return one_hot(keys, p).flatten(1).float()


class Embedded(nn.Module):
    """The network on two looked-up rows."""

    def __init__(self, recipe: Ensemble):
        super().__init__()
        self.a = nn.Embedding(recipe.p, recipe.d_mlp)
        self.b = nn.Embedding(recipe.p, recipe.d_mlp)
        self.down = nn.Linear(recipe.d_mlp, recipe.p, bias=False)

    def forward(self, asked):
        a, b = asked
        return self.down((self.a(a) + self.b(b)) ** 2)

    @staticmethod
    def asked(keys, p):
        return keys[:, 0].contiguous(), keys[:, 1].contiguous()


def module_steps(kind: type[nn.Module], recipe: Ensemble, fused: bool | None = None) -> Callable:
    """Steps of each network in turn, as in a loop over modules."""
    trainings = []
    for run in recipe.runs:
        a, b, answer = ensemble.questions(recipe, run)[0]
        net = kind(recipe)
        adamw = torch.optim.AdamW(
            net.parameters(),
            lr=run.lr,
            betas=(recipe.beta1, recipe.beta2),
            weight_decay=run.weight_decay,
            fused=fused,
        )
        asked = kind.asked(torch.tensor(np.stack([a, b], axis=1)), recipe.p)
        trainings.append((net, adamw, asked, torch.tensor(answer)))

    def steps():
        for net, adamw, asked, answer in trainings:
            for _ in range(STEPS):
                adamw.zero_grad()
                cross_entropy(net(asked), answer).backward()
                adamw.step()

    return steps


def our_steps(recipe: Ensemble, measured: bool) -> Callable:
    """The same steps; with a row of measurements after each network's turn, if asked for."""
    state = ensemble.initial_state(recipe)
    arrays = (state["weights"], state["first moment"], state["second moment"])
    networks = map(Network, *arrays)
    members = [Member(recipe, *pair) for pair in zip(recipe.runs, networks, strict=True)]
    done = 0

    def steps():
        nonlocal done
        for member in members:
            member.go(done, STEPS)
            if measured:
                member.measured()
        done += STEPS

    return steps


def milliseconds(ways: dict[str, Callable], turns: int) -> dict[str, float]:
    """The least processor time of one step of one network, of all turns."""
    found = dict.fromkeys(ways, float("inf"))
    for _ in range(turns + 1):
        for name, steps in ways.items():
            begin = time.thread_time()
            steps()
            spent = 1e3 * (time.thread_time() - begin) / (NETWORKS * STEPS)
            found[name] = min(found[name], spent)
    return found


def compared(p: int, d_mlp: int, turns: int) -> dict[str, float]:
    """Milliseconds of a step of one network, each way, and how many times the loop's is ours.

    "loop" is the faster of the two usual loops; "GFLOP/s" counts our three products alone.
    """
    recipe = recipe_of(p, d_mlp)
    ways = {
        "one-hot": module_steps(OneHot, recipe),
        "embedding": module_steps(Embedded, recipe),
        "embedding, fused AdamW": module_steps(Embedded, recipe, fused=True),
        "ensemble": our_steps(recipe, measured=False),
        "ensemble, measured": our_steps(recipe, measured=True),
    }
    found = milliseconds(ways, turns)
    loop = min(found["one-hot"], found["embedding"])
    questions = int(FRAC_TRAIN * p * p)
    operations = 3 * 2 * questions * d_mlp * p
    rates = {"ratio": loop / found["ensemble"], "GFLOP/s": operations / found["ensemble"] / 1e6}
    numbers = {"loop": loop} | found | rates
    sizes = {"p": p, "N": d_mlp, "questions": questions}
    return sizes | {name: float(f"{number:.4g}") for name, number in numbers.items()}


def circumstances() -> dict:
    """When and where."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    named = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    versions = {module.__name__: module.__version__ for module in (torch, numba, np)}
    return {
        "date": str(date.today()),
        "machine": f"{platform.machine()}, {named[0] if named else platform.processor()}",
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "versions": {"python": platform.python_version()} | versions,
    }


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--turns", type=int, default=12)
    asked.add_argument("--keep", action="store_true", help="keep the figures for the book")
    asked = asked.parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    where = circumstances()
    rows = [compared(p, d_mlp, asked.turns) for p, d_mlp in SIZES]
    print(*(f"{name} {value}" for name, value in where.items()), sep="; ")
    print(f"{'ms of a step of one network':28}", *(f"p {r['p']}, N {r['N']:4}" for r in rows))
    for name in list(rows[0])[2:]:
        print(f"{name:28}", *(f"{row[name]:12.4g}" for row in rows))
    if asked.keep:
        KEPT.parent.mkdir(parents=True, exist_ok=True)
        KEPT.write_text(json.dumps(where | {"rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
