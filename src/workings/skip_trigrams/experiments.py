"""The trainings that Part III reports.

To add one, add a line, put it into `ALL`, and `workings train` its name.
"""

from typing import Any

from workings.experiment import Experiment

from . import bare, distilling, language
from .bare import Bare
from .language import LanguageModel
from .training import OneLayer, final_weights, train

TWENTY = tuple(range(20))


def experiment(name: str, **changes: Any) -> Experiment:
    """A layer of attention on a task, from twenty starts."""
    recipe = OneLayer(**({"seeds": TWENTY} | changes))
    return Experiment(f"skip-trigrams/{name}", recipe, train, final_weights)


EXCLUSIVE_OR = {
    n_heads: experiment(f"exclusive-or-{n_heads}", task="exclusive or", n_heads=n_heads)
    for n_heads in (1, 2)
}
# What has not found its way in the usual time: does it in four times that?
LONG_EXCLUSIVE_OR = {
    n_heads: experiment(
        f"exclusive-or-{n_heads}-long",
        task="exclusive or",
        n_heads=n_heads,
        steps=4_000,
        every=80,
    )
    for n_heads in (1, 2)
}
# With noise a layer can reach the truth, and so be compared with the best table.
NOISY_EXCLUSIVE_OR = experiment("exclusive-or-2-noisy", task="exclusive or", n_heads=2, noise=0.1)

KEEP_IN_MIND = {
    (n_heads, direct_path): experiment(
        f"keep-in-mind-{n_heads}{'' if direct_path else '-indirect'}",
        task="keep in mind",
        n_heads=n_heads,
        direct_path=direct_path,
    )
    for n_heads in (1, 2)
    for direct_path in (False, True)
}
KEEP_WIDE = experiment("keep-in-mind-1-wide", task="keep in mind", n_heads=1, d_model=64, d_head=16)
KEEP_OR_ELSE = {
    (n_heads, direct_path): experiment(
        f"keep-or-else-{n_heads}{'' if direct_path else '-indirect'}",
        task="keep or else",
        n_heads=n_heads,
        direct_path=direct_path,
    )
    for n_heads in (1, 2)
    for direct_path in (False, True)
}

INCOHERENT = {
    (n_heads, direct_path): experiment(
        f"incoherent-{n_heads}{'' if direct_path else '-indirect'}",
        task="incoherent",
        n_heads=n_heads,
        direct_path=direct_path,
    )
    for n_heads in (1, 2, 3, 4)
    for direct_path in (False, True)
}
NOISY_INCOHERENT = {
    n_heads: experiment(
        f"incoherent-{n_heads}-noisy", task="incoherent", n_heads=n_heads, noise=0.1
    )
    for n_heads in (1, 2, 4)
}
# The same as tables, each entry a weight: embeddings are trivial, as in the source.
BARE_INCOHERENT = {
    (n_heads, direct_path): Experiment(
        f"skip-trigrams/bare-incoherent-{n_heads}{'' if direct_path else '-indirect'}",
        Bare(n_heads=n_heads, direct_path=direct_path, seeds=TWENTY),
        bare.train,
        bare.final_weights,
    )
    for n_heads in (1, 2, 3, 4)
    for direct_path in (False, True)
}
# From the solution by hand with one head, every entry shifted: does training come back to it?
BASIN = {
    scatter: Experiment(
        f"skip-trigrams/bare-basin-{scatter:g}",
        Bare(by_hand="unwrite", scatter=scatter, seeds=TWENTY),
        bare.train,
        bare.final_weights,
    )
    for scatter in (1.0, 3.0, 5.0, 10.0)
}
# The same from a network with these tables, every weight of it shifted by half a unit.
BASIN_OF_WEIGHTS = experiment(
    "incoherent-basin-0.5", task="incoherent", by_hand="unwrite", scatter=0.5
)

COHERENT = {
    (n_heads, d_head): experiment(
        f"coherent-{n_heads}-of-{d_head}",
        task="coherent",
        noise=0.2,
        n_heads=n_heads,
        d_head=d_head,
    )
    for n_heads in (1, 2)
    for d_head in (1, 2, 4)
}
# Without noise a lone head of one dimension can be right on all: does training find how?
CERTAIN_COHERENT = {
    (n_heads, d_head): experiment(
        f"coherent-{n_heads}-of-{d_head}-certain",
        task="coherent",
        n_heads=n_heads,
        d_head=d_head,
        steps=3_000,
        every=60,
    )
    for n_heads, d_head in ((1, 1), (2, 1), (1, 4), (2, 4))
}
# Without a direct path nothing stands beside the heads; a lone dimension then cannot be enough.
INDIRECT_COHERENT = {
    (n_heads, d_head): experiment(
        f"coherent-{n_heads}-of-{d_head}-indirect",
        task="coherent",
        n_heads=n_heads,
        d_head=d_head,
        direct_path=False,
        steps=3_000,
        every=60,
    )
    for n_heads, d_head in ((1, 1), (1, 2), (2, 1), (2, 4))
}
# The same where weights cost something, so that one head and two can be compared by their size.
COSTLY_COHERENT = {
    n_heads: experiment(
        f"coherent-{n_heads}-of-4-costly",
        task="coherent",
        n_heads=n_heads,
        d_head=4,
        weight_decay=1.0,
        steps=3_000,
        every=60,
    )
    for n_heads in (1, 2)
}

# Real text, with characters or words for tokens, and with positions or without.
TEXT = {
    (level, positions): Experiment(
        f"skip-trigrams/text-{level}s{'-with-positions' if positions else ''}",
        LanguageModel(level=level, d_vocab=d_vocab, positions=positions, seeds=tuple(range(5))),
        language.train,
        language.final_weights,
    )
    for level, d_vocab in (("character", 40), ("word", 64))
    for positions in (False, True)
}

# With noise, or with answers uncertain by themselves, so that neither they nor their tables need
# be sure. Not all of them learn their task.
DISTILLED = Experiment(
    "skip-trigrams/distilled",
    distilling.Distilled(
        tuple(
            each.name
            for each in (
                NOISY_EXCLUSIVE_OR,
                KEEP_IN_MIND[2, True],
                *NOISY_INCOHERENT.values(),
                COHERENT[1, 4],
                COHERENT[2, 4],
            )
        )
    ),
    distilling.train,
)

ALL = [
    *EXCLUSIVE_OR.values(),
    *LONG_EXCLUSIVE_OR.values(),
    NOISY_EXCLUSIVE_OR,
    *KEEP_IN_MIND.values(),
    KEEP_WIDE,
    *KEEP_OR_ELSE.values(),
    *INCOHERENT.values(),
    *NOISY_INCOHERENT.values(),
    *BARE_INCOHERENT.values(),
    *BASIN.values(),
    BASIN_OF_WEIGHTS,
    *COHERENT.values(),
    *CERTAIN_COHERENT.values(),
    *INDIRECT_COHERENT.values(),
    *COSTLY_COHERENT.values(),
    *TEXT.values(),
    DISTILLED,
]
