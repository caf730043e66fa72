"""A training step of the one-layer transformer, as it is usually written and as it is here.

All ways take turns in one process, so that each meets the same machine; the least of their times
counts. One thread: its own processor time. Two: the clock, which only means something on a machine
with nothing else to do.

`python benchmarks/engine.py [NAME ...]` takes these measurements, or all but the long "full"; with
`--keep` it keeps them for the book, each with the circumstances in which it was taken.
"""

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from ensemble import circumstances
from torch import nn

from workings import experiment
from workings.grokking import engine, experiments, reference, speed, training
from workings.grokking.training import Addition

KEPT = Path(__file__).parents[1] / "results" / "grokking" / "speed" / "rows.json"
RECIPE = Addition()
SEED = 0
LENS = Path(sys.prefix) / "transformer-lens"
SIZES = (13, 53, 113, 401)  # p
SURER = 4  # times the logits at the end of training
FEW = 2_000  # steps of a training that stands for a whole one


class Plain(nn.Module):
    """The network as most would write it: all three positions, from ready-made layers."""

    def __init__(self, recipe: Addition):
        super().__init__()
        d_model, d_vocab = recipe.d_model, recipe.p + 1
        self.heads = (recipe.n_heads, recipe.d_head)
        self.embed = nn.Embedding(d_vocab, d_model)
        self.position = nn.Parameter(torch.randn(3, d_model) / d_model**0.5)
        self.query, self.key, self.value, self.out = (
            nn.Linear(d_model, d_model, bias=False) for _ in range(4)
        )
        self.up, self.down = nn.Linear(d_model, recipe.d_mlp), nn.Linear(recipe.d_mlp, d_model)
        self.unembed = nn.Linear(d_model, d_vocab, bias=False)
        self.register_buffer("later", torch.ones(3, 3, dtype=torch.bool).triu(1))

    def split(self, stream):
        return stream.unflatten(-1, self.heads).transpose(1, 2)

    def attended(self, asking, stream, later=None):
        query, key, value = (
            self.split(self.query(asking)),
            self.split(self.key(stream)),
            self.split(self.value(stream)),
        )
        scores = query @ key.transpose(2, 3) / self.heads[1] ** 0.5
        if later is not None:
            scores = scores.masked_fill(later, -torch.inf)
        return self.out((scores.softmax(-1) @ value).transpose(1, 2).flatten(2))

    def forward(self, tokens):
        stream = self.embed(tokens) + self.position
        stream = stream + self.attended(stream, stream, self.later)
        stream = stream + self.down(torch.relu(self.up(stream)))
        return self.unembed(stream)


class Careful(Plain):
    """The same, computing only what "=" asks for."""

    def forward(self, tokens):
        stream = self.embed(tokens) + self.position
        last = stream[:, -1:]
        last = last + self.attended(last, stream)
        last = last + self.down(torch.relu(self.up(last)))
        return self.unembed(last)


def usual_loss(logits, answer):
    return -logits[:, -1].double().log_softmax(-1).gather(1, answer[:, None]).mean()


def module_step(
    net: nn.Module, *, fused: bool = False, test: bool = False, recipe: Addition = RECIPE
) -> Callable:
    """A step of an nn.Module, with a test pass if asked for."""
    shown, kept_back = (tokens_and_answers(side, recipe) for side in questions(recipe))
    adamw = torch.optim.AdamW(
        [p for p in net.parameters() if p.requires_grad],
        lr=recipe.lr,
        betas=(recipe.beta1, recipe.beta2),
        weight_decay=recipe.weight_decay,
        fused=fused or None,
    )

    def step():
        tokens, answer = shown
        loss = usual_loss(net(tokens), answer)
        if test:
            tokens, answer = kept_back
            with torch.no_grad():
                usual_loss(net(tokens), answer).item()
        loss.backward()
        adamw.step()
        adamw.zero_grad()
        loss.item()

    return step


def questions(recipe: Addition):
    return training.questions(recipe, SEED)


def tokens_and_answers(side, recipe: Addition):
    a, b, answer = (torch.tensor(numbers) for numbers in side)
    return torch.stack([a, b, torch.full_like(a, recipe.p)], dim=1), answer


def reference_step() -> Callable:
    """The definition, by autograd in float64."""
    recipe = replace(RECIPE, precision="float64")
    run = training.Run(recipe, SEED)
    asked = [torch.tensor(numbers) for numbers in questions(recipe)[0]]
    return lambda: run.update(reference.loss_and_gradients(run.weights, *asked)[1])


def our_step(threads: int, *, test: bool = False, recipe: Addition = RECIPE) -> Callable:
    run = training.Run(recipe, SEED)
    shown, kept_back = (engine.Batch(side, threads=threads) for side in questions(recipe))

    def step():
        if test:
            kept_back.score(run.weights)
        run.update(shown.loss_and_gradients(run.weights)[1])

    return step


def lens_network() -> nn.Module:
    """TransformerLens' network as its demo of grokking sets it up: biases frozen at 0."""
    if not LENS.exists():
        print(f"installing TransformerLens in {LENS}: some minutes, once", file=sys.stderr)
        wanted = Path(__file__).with_name("transformer-lens.txt")
        command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "-r", str(wanted)]
        pip = subprocess.run([*command, "--target", str(LENS)], capture_output=True, text=True)
        if pip.returncode:
            raise ImportError(pip.stderr)
    sys.path.append(str(LENS))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from transformer_lens import HookedTransformer, HookedTransformerConfig
    config = HookedTransformerConfig(
        n_layers=1,
        n_heads=RECIPE.n_heads,
        d_model=RECIPE.d_model,
        d_head=RECIPE.d_head,
        d_mlp=RECIPE.d_mlp,
        act_fn="relu",
        normalization_type=None,
        d_vocab=RECIPE.p + 1,
        d_vocab_out=RECIPE.p,
        n_ctx=3,
        init_weights=True,
        device="cpu",
        seed=999,
    )
    net = HookedTransformer(config)
    for name, parameter in net.named_parameters():
        parameter.requires_grad = "b_" not in name
    return net


def lens_version() -> str:
    wanted = Path(__file__).with_name("transformer-lens.txt").read_text()
    return re.search(r"(?m)^transformer-lens==(.+)$", wanted)[1]


def products() -> tuple[Callable, float]:
    """The three products of a step, block by block, and their floating-point operations."""
    d_mlp, d_vocab = RECIPE.d_mlp, RECIPE.p + 1
    W_L_T = torch.randn(d_vocab, d_mlp)
    gradient = torch.zeros_like(W_L_T)
    sizes = [len(block.answer) for lane in shown_lanes() for block in lane.blocks]
    blocks = [(torch.randn(n, 640)[:, :d_mlp], torch.randn(n, d_vocab)) for n in sizes]

    def multiply():
        for neurons, logits in blocks:
            neurons @ W_L_T.T
            logits @ W_L_T
            gradient.addmm_(logits.T, neurons)

    return multiply, 3 * 2 * sum(sizes) * d_mlp * d_vocab


def per_question() -> Callable:
    """All that a step does for each question: the products and everything around them."""
    lanes = shown_lanes()
    n = sum(len(block.answer) for lane in lanes for block in lane.blocks)
    with torch.no_grad():
        built = engine.tables(training.Run(RECIPE, SEED).weights)
    known = engine.worked_out(built, engine.Memory())

    def work():
        with engine.undisturbed():
            for lane in lanes:
                engine.gradients(lane, known, False, n)

    return work


def shown_lanes():
    return engine.lanes(questions(RECIPE)[0])


def machine_product() -> tuple[Callable, float]:
    n = 2048
    left, right = torch.randn(2, n, n)
    return lambda: left @ right, 2 * n**3


def least(steps: dict[str, Callable], clock: Callable[[], float], turns: int) -> dict[str, float]:
    """The least milliseconds of each, all taking turns; the fast ones several times a turn."""
    found = dict.fromkeys(steps, float("inf"))
    for _ in range(turns + 1):
        for name, step in steps.items():
            for _ in range(1 if found[name] > 100 else 4):
                begin = clock()
                step()
                found[name] = min(found[name], 1e3 * (clock() - begin))
    return {name: float(f"{milliseconds:.4g}") for name, milliseconds in found.items()}


def ways(threads: int) -> dict[str, Callable]:
    found = {
        "reference": reference_step(),
        "plain + test": module_step(Plain(RECIPE), test=True),
        "plain": module_step(Plain(RECIPE)),
        "careful": module_step(Careful(RECIPE), fused=True),
        "engine + test": our_step(threads, test=True),
        "engine": our_step(threads),
    }
    try:
        nets = lens_network(), lens_network()
    except ImportError as error:
        print(f"TransformerLens could not be had: {error}")
        return found
    demo = {"demo + test": module_step(nets[0], test=True), "demo": module_step(nets[1])}
    return demo | found


def steps(turns: int) -> dict[str, dict[str, float]]:
    """Milliseconds of a step, every way: processor time of one thread, clock time of two."""
    found = {}
    for threads, clock in ((1, time.thread_time), (2, time.perf_counter)):
        torch.set_num_threads(threads)
        found["processor" if threads == 1 else "wall"] = least(ways(threads), clock, turns)
    return found


def density(turns: int) -> dict[str, float]:
    """Floating-point operations of the three products, in 10⁹ a second of one thread.

    By themselves; in the time of all that is done for a question; and what the machine makes of a
    product of two large squares.
    """
    torch.set_num_threads(1)
    multiply, operations = products()
    whole, machine_operations = machine_product()
    parts = {"products": multiply, "per question": per_question(), "machine": whole}
    found = least(parts, time.thread_time, turns)
    of = dict.fromkeys(found, operations) | {"machine": machine_operations}
    return {name: float(f"{of[name] / found[name] / 1e6:.4g}") for name in found}


def by_size(turns: int) -> list[dict[str, float]]:
    """Milliseconds of a step for several p, one thread."""
    torch.set_num_threads(1)
    rows = []
    for p in SIZES:
        recipe = replace(RECIPE, p=p)
        careful = module_step(Careful(recipe), fused=True, recipe=recipe)
        both = {"careful": careful, "engine": our_step(1, recipe=recipe)}
        asked = {"p": p, "questions": len(questions(recipe)[0].a)}
        rows.append(asked | least(both, time.thread_time, turns if p < 200 else 1))
    return rows


def late(turns: int) -> dict[str, float]:
    """Milliseconds of a step at the end of the main training.

    "surer" is a network whose logits are several times those at the end, so that most of what it
    computes is next to nothing; "tiny numbers kept" does not take for 0 what is below 1e-38.
    """
    torch.set_num_threads(1)
    weights = experiment.kept(experiments.MAINLINE).weights(f"seed-{SEED}")
    shown = engine.Batch(questions(RECIPE)[0], threads=1)
    first = training.Run(RECIPE, SEED).weights
    last = {name: torch.tensor(weight) for name, weight in weights.items()}
    sure = last | {"W_U": SURER * last["W_U"]}
    cases = {
        "at the start": lambda: shown.loss_and_gradients(first),
        "at the end": lambda: shown.loss_and_gradients(last),
        "surer": lambda: shown.loss_and_gradients(sure),
        "surer, tiny numbers kept": lambda: kept_tiny(shown, sure),
    }
    return least(cases, time.thread_time, turns)


def kept_tiny(batch: engine.Batch, weights) -> None:
    """A step in which what is below 1e-38 is not taken for 0."""
    flush, torch.set_flush_denormal = torch.set_flush_denormal, lambda mode: None
    try:
        batch.loss_and_gradients(weights)
    finally:
        torch.set_flush_denormal = flush


def without_numba(turns: int) -> dict[str, float]:
    """Milliseconds of a step in plain torch, in a process of its own."""
    code = (
        "import sys, time\n"
        "sys.modules['numba'] = None\n"
        "import torch\n"
        "from workings.grokking import engine, training\n"
        "torch.set_num_threads(1)\n"
        "run = training.Run(training.Addition(), 0)\n"
        "shown = engine.Batch(training.questions(run.recipe, 0)[0], threads=1)\n"
        "times = []\n"
        f"for _ in range({4 * turns}):\n"
        "    begin = time.thread_time()\n"
        "    run.update(shown.loss_and_gradients(run.weights)[1])\n"
        "    times.append(1e3 * (time.thread_time() - begin))\n"
        "print(min(times))"
    )
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return {"engine": float(f"{float(said.stdout):.4g}")}


def trained(steps: int) -> dict[str, float]:
    """A training in a process of its own: seconds, and peak memory in MB.

    A new process starts with its parent's peak, so this comes before whatever takes more.
    """
    code = (
        "from workings.grokking import training\n"
        f"for row, _ in training.train(training.Addition(steps={steps})):\n"
        "    pass"
    )
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    wall = time.perf_counter() - begin
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    memory = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {
        "steps": steps,
        "wall": round(wall, 1),
        "processor": round(usage.ru_utime + usage.ru_stime, 1),
        "megabytes": round(memory / 1e6),
    }


def say(name: str, found) -> None:
    """A measurement as a table, with its targets."""
    print(f"\n{name}")
    if name == "steps":
        print(f"{'':16}{'processor':>11}{'engine is':>13}{'wall':>9}{'engine is':>13}")
        for way in found["processor"]:
            numbers = [(kind[way], kind[way] / kind["engine"]) for kind in found.values()]
            print(f"{way:16}", *(f"{ms:9.1f}{ratio:8.1f} times" for ms, ratio in numbers))
    else:
        for row in found if name == "by size" else [found]:
            print(*(f"{field} {value:g}" for field, value in row.items()), sep="  ")
    for target in JUDGED[name](found) if name in JUDGED else ():
        bound = "least" if target.at_least else "most"
        verdict = "met" if target.met else "missed"
        print(f"  {target.words:56}{target.found:7.3g}, at {bound} {target.wanted:g}: {verdict}")


JUDGED = {
    "steps": speed.of_steps,
    "density": speed.of_density,
    "training": speed.of_training,
    "full": speed.of_training,
}
MEASUREMENTS = {
    "training": lambda turns: trained(FEW),
    "full": lambda turns: trained(RECIPE.steps),
    "density": density,
    "steps": steps,
    "by size": by_size,
    "late": late,
    "without numba": without_numba,
}


def priority() -> str:
    """In real time all other work stands aside: the machine is as good as idle."""
    real_time = hasattr(os, "SCHED_FIFO") and os.sched_getscheduler(0) != os.SCHED_OTHER
    return "real time" if real_time else "usual"


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("names", nargs="*", metavar="NAME", help=", ".join(MEASUREMENTS))
    asked.add_argument("--turns", type=int, default=8)
    asked.add_argument("--keep", action="store_true", help="keep the figures for the book")
    asked = asked.parse_args()
    print(*(f"{name} {value}" for name, value in circumstances().items()), sep="; ")
    wanted = asked.names or set(MEASUREMENTS) - {"full"}
    for name in (name for name in MEASUREMENTS if name in wanted):
        around = circumstances() | {"priority": priority()}
        if name == "steps":
            around["versions"] |= {"transformer-lens": lens_version()}
        found = MEASUREMENTS[name](asked.turns)
        say(name, found)
        if asked.keep:
            kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
            KEPT.parent.mkdir(parents=True, exist_ok=True)
            KEPT.write_text(json.dumps(kept | {name: around | {"found": found}}, indent=1) + "\n")


if __name__ == "__main__":
    main()
