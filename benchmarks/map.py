"""A map in this process, on one Dask worker and on two: the same shards, in turns.

The clock says what a second worker gains only where nothing else runs; processor time says what the
work costs, beside other work too. The least of the turns counts.
`python benchmarks/map.py --keep` keeps the figures for the book; it takes a minute or two.
"""

import argparse
import json
import os
import pickle
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from ensemble import circumstances

KEPT = Path(__file__).parents[1] / "results" / "grokking" / "speed-maps" / "rows.json"
SHARDS = 8
STEPS = 1_000
WAYS = ("here", "one worker", "two workers")


def processor(client) -> float:
    """Seconds that this process and all workers have worked."""
    return time.process_time() + sum(client.run(time.process_time).values() if client else [])


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--turns", type=int, default=5)
    asked.add_argument("--keep", action="store_true", help="keep the figures for the book")
    asked = asked.parse_args()

    import distributed

    from workings import maps
    from workings.grokking import experiments, phases

    recipe = replace(phases.BASE, steps=STEPS, weight_decay=tuple(range(1, SHARDS + 1)))
    measured = replace(experiments.RATE_AND_DECAY, recipe=recipe)
    warm = replace(measured, recipe=replace(recipe, steps=20))
    networks = len(recipe.runs)
    where = circumstances()
    found = {way: {"wall": float("inf"), "processor": float("inf")} for way in WAYS}

    alone = {"threads_per_worker": 1, "dashboard_address": ":0", "memory_limit": 0}
    with (
        tempfile.TemporaryDirectory() as folder,
        distributed.LocalCluster(n_workers=1, **alone) as one,
        distributed.LocalCluster(n_workers=2, **alone) as two,
        distributed.Client(one, set_as_default=False) as client_of_one,
        distributed.Client(two, set_as_default=False) as client_of_two,
    ):
        clients = dict(zip(WAYS, (None, client_of_one, client_of_two), strict=True))
        for turn in range(asked.turns + 1):  # the first warms up: it imports and compiles
            for way, client in clients.items():
                address = client and client.scheduler.address
                workers = maps.cluster(address) if client else maps.one_by_one
                map = measured if turn else warm
                worked, began = processor(client), time.perf_counter()
                maps.run(map, Path(folder) / f"{way} {turn}", workers=workers)
                wall, worked = time.perf_counter() - began, processor(client) - worked
                if turn:
                    found[way]["wall"] = min(found[way]["wall"], wall)
                    found[way]["processor"] = min(found[way]["processor"], worked)
        shard = next(iter(measured.shards.values()))
        sent = len(pickle.dumps(phases.measured(replace(shard, steps=20)))) / len(shard.runs)

    rows = [
        {"way": way} | {k: round(v, 3) for k, v in spent.items()} for way, spent in found.items()
    ]
    where |= {"networks": networks, "steps": STEPS, "shards": SHARDS, "bytes sent": round(sent, 1)}
    print(*(f"{name} {value}" for name, value in where.items()), sep="; ")
    for row in rows:
        ms = 1e3 * row["processor"] / networks / STEPS
        print(
            f"{row['way']:12}  {row['wall']:7.2f} s by the clock  {row['processor']:7.2f} s of work"
            f"  {ms:.4f} ms a step of a network"
        )
    clock = {row["way"]: row["wall"] for row in rows}
    print(f"efficiency of two workers: {clock['one worker'] / clock['two workers'] / 2:.0%}")
    if asked.keep:
        KEPT.parent.mkdir(parents=True, exist_ok=True)
        KEPT.write_text(json.dumps(where | {"rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    main()
