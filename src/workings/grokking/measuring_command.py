"""`workings measure`: what a network for modular addition has understood, from its weights."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

Refuse = Callable[[str, object], int]


def add_measure(commands: argparse._SubParsersAction, refuse: Refuse) -> None:
    """`workings measure`: key frequencies, progress measures and norms of a checkpoint."""
    parser = commands.add_parser(
        "measure",
        help="what has a network for modular addition understood? (.npz, .pt, .pth)",
        description="Key frequencies, progress measures and norms of a one-layer transformer that "
        "adds modulo p, by Nanda et al. (2023). The file holds its weights by TransformerLens' "
        "names, with or without the modules before them (W_E or embed.W_E), in TransformerLens' "
        "shapes or in theirs. It does not say which pairs were shown in training, so every loss is "
        "on all of them. A file is read as data: nothing in it is ever run.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help=".npz, .pt or .pth")
    parser.add_argument("--p", type=int, required=True, help="the modulus, such as 113")
    parser.add_argument("--json", action="store_true", help="all of it, as JSON")
    parser.set_defaults(run=partial(run_measure, refuse=partial(refuse, "measure")))


def run_measure(arguments: argparse.Namespace, refuse: Callable[[object], int]) -> int:
    """Measure one file; 2 if it cannot be used."""
    from . import checkpoints, measures  # here, so that --help answers at once

    if arguments.p < 2:
        return refuse(f"--p {arguments.p}: a modulus must be 2 or more")
    try:
        weights, shapes = checkpoints.read(arguments.file, arguments.p)
        found = measures.summary(weights)
    except ValueError as error:
        return refuse(error)
    if arguments.json:
        print(json.dumps({"file": arguments.file.name, "shapes": shapes} | found, indent=1))
    else:
        print(text(found, arguments.file.name, shapes))
    return 0


def text(found: Mapping[str, Any], name: str, shapes: str) -> str:
    """The summary as one reads it."""
    keys, p = found["key_frequencies"], found["p"]
    lines = [
        f"What has this network understood?  {name}, p = {p}, shapes of {shapes}",
        "",
        f"  loss             {found['loss']:<9.3g} nats on all {p * p:,} pairs, of which "
        f"{found['accuracy']:.2%} are answered right",
    ]
    if keys:
        lines += [
            f"  restricted loss  {found['restricted_loss']:<9.3g} with only the waves of a + b of "
            "the key frequencies",
            f"  excluded loss    {found['excluded_loss']:<9.3g} without them",
            f"  explained        {found['explained']:<9.2%} of the logits' variance, by these "
            f"waves; {found['identity_explained']:.2%} by cos w(a + b - c) alone",
        ]
    lines += [
        f"  Gini             {found['gini_W_E']:<9.3f} of W_E, {found['gini_W_L']:.3f} of W_L = "
        "W_out W_U",
        "",
    ]
    if keys:
        lines.append("  key frequency   share of W_L   neurons   loss without it")
        lines += [
            f"  {key['frequency']:>13}   {key['share_of_W_L']:>12.2%}   {key['neurons']:>7}   "
            f"{key['loss_without']:>15.3g}"
            for key in keys
        ]
    else:
        lines.append("  No frequency stands out of W_L: there is no key frequency.")
    others = [
        (found["neurons_of_other_frequencies"], "of other frequencies"),
        (found["neurons_of_none"], "of no single one"),
    ]
    lines += [f"  neurons {words}: {n}" for n, words in others if n]
    heads = ", ".join(f"{head['frequency']} ({head['explained']:.0%})" for head in found["heads"])
    norms = ", ".join(f"{weight} {norm:.3g}" for weight, norm in found["norms"].items())
    lines += [
        "",
        f"  heads' attention to a, mostly of frequency: {heads}",
        f"  norms: {norms}; sum of squares {found['squares']:,.4g}",
    ]
    return "\n".join(lines)
