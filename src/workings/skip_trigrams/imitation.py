"""How much of a network that continues text is a set of skip trigrams: tables made to imitate it.

A table is fitted to the network's own probabilities on contexts from the text that it learned
from, and compared with it on contexts from sections that neither has seen. All contexts have the
same length, so "frequency" says what "count" says. `python -m workings.skip_trigrams.imitation`
computes the kept comparison again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from .. import experiment, side_by_side, transformer
from ..claims import ROOT
from ..streams import stream
from ..transformer import Weights
from . import circuits, experiments, language, tables, text
from .tables import Table

KEPT = ROOT / "results" / "skip-trigrams" / "imitation"
CHUNK = 4_096  # contexts held in memory at once
# How far before the destination a source stands, from and to, for tables that know it.
DISTANCES = ((1, 1), (2, 2), (3, 4), (5, 8), (9, 10**9))


@dataclass(frozen=True)
class Imitation:
    """How the comparison is made."""

    fitted: int = 30_000  # contexts that tables are fitted to, or all if there are fewer
    measured: int = 8_000  # held-out contexts that they are measured on
    read: int = 8_000  # contexts over which tables read off the weights are averaged
    ridge: float = 0.3  # what a vote's square costs, half of it, in contexts
    steps: int = 40
    bounded: int = 10_000  # contexts on which the very best table is sought, without ridge
    bounded_steps: int = 250
    learned: int = 100_000  # contexts from which tables learn the text itself
    language_ridge: float = 30.0  # the same as `ridge` for these
    inserted: int = 100  # contexts into which every token is put


class Contexts(NamedTuple):
    """Places in a text: the tokens up to each, and the one that follows."""

    tokens: Int[Tensor, "batch pos"]
    followed: Int[Tensor, " batch"]

    @property
    def last(self) -> Int[Tensor, " batch"]:
        """The destinations."""
        return self.tokens[:, -1]


def contexts(
    source: Int[Tensor, " tokens"], length: int, count: int, rng: np.random.Generator
) -> Contexts:
    """Different places of a text, in random order; all there are, if they are fewer than asked for.

    Raises:
        ValueError: the text has no place with so much before it.
    """
    if len(source) <= length:
        raise ValueError(f"the text has {len(source)} tokens; {length} and one more are needed")
    starts = torch.tensor(rng.permutation(len(source) - length)[:count])
    stretches = source[starts[:, None] + torch.arange(length + 1)]
    return Contexts(stretches[:, :-1], stretches[:, -1])


class Look(NamedTuple):
    """The last token's look back: how much of each head's attention goes where, what is there."""

    attention: Float[Tensor, "n_heads batch pos"]
    residual: Float[Tensor, "batch pos d_model"]


def look(weights: Weights, tokens: Int[Tensor, "batch pos"]) -> Look:
    """Where each head of a layer looks from the last token, which may look at itself too."""
    residual = transformer.embedded(weights, tokens)
    W_Q, W_K = weights["W_Q"][0], weights["W_K"][0]
    asks = (residual[:, -1] @ W_Q) @ W_K.mT / W_Q.shape[-1] ** 0.5
    scores = torch.einsum("hbd,bpd->hbp", asks, residual)
    return Look(scores.softmax(dim=-1), residual)


def logits(weights: Weights, tokens: Int[Tensor, "batch pos"]) -> Float[Tensor, "batch output"]:
    """What a layer of attention says after the last token, in nats; without the other places."""
    there = look(weights, tokens)
    mixed = torch.einsum("hbp,bpd->hbd", there.attention, there.residual)
    written = (mixed @ weights["W_V"][0] @ weights["W_O"][0]).sum(dim=0)
    return (there.residual[:, -1] + written) @ weights["W_U"]


def said(weights: Weights, tokens: Int[Tensor, "batch pos"]) -> Float[Tensor, "batch output"]:
    """A network's log-probabilities after each context, in nats."""
    parts = [logits(weights, some).log_softmax(dim=-1) for some in tokens.split(CHUNK)]
    return torch.cat(parts)


def features(
    tokens: Int[Tensor, "batch pos"], d_vocab: int, reading: str
) -> Float[Tensor, "batch feature"]:
    """What votes are multiplied by; "distance" counts a source apart for each of `DISTANCES`.

    Returns:
        [context, source], or for "distance" [context, distances by source].

    Raises:
        ValueError: as `tables.features`.
    """
    if reading != "distance":
        return tables.features(tokens, d_vocab, reading)
    counted = torch.zeros(len(tokens), len(DISTANCES) * d_vocab, dtype=torch.float64)
    return counted.scatter_add_(
        1, places(tokens, d_vocab, reading), torch.ones(1, 1).double().expand(tokens[:, 1:].shape)
    )


def places(
    tokens: Int[Tensor, "batch pos"], d_vocab: int, reading: str
) -> Int[Tensor, "batch source"]:
    """The feature that each token before the destination counts for."""
    before = tokens[:, :-1]
    if reading != "distance":
        return before
    away = torch.arange(before.shape[1], 0, -1)
    group = torch.tensor([next(i for i, (_, to) in enumerate(DISTANCES) if d <= to) for d in away])
    return group * d_vocab + before


def voted(
    table: Table, x: Float[Tensor, "batch feature"], last: Int[Tensor, " batch"]
) -> Float[Tensor, "batch output"]:
    """What a table says, in nats, of features and destinations; destination by destination."""
    found = table.bias[last]
    for destination in last.unique().tolist():
        here = last == destination
        found[here] += x[here] @ table.votes[destination]
    return found.log_softmax(dim=-1)


def divergence(
    network: Float[Tensor, "batch output"], other: Float[Tensor, "batch output"]
) -> float:
    """The mean divergence of a network from what imitates it, in nats; both log-probabilities."""
    return float((network.exp() * (network - other)).sum(dim=-1).mean())


def loss(of: Float[Tensor, "batch output"], followed: Int[Tensor, " batch"]) -> float:
    """The mean of minus the log-probability of what followed, in nats."""
    return -float(of.gather(1, followed[:, None]).mean())


def fitted(
    sample: Contexts,
    answer: Float[Tensor, "batch output"],
    reading: str,
    *,
    ridge: float,
    steps: int,
) -> tables.Fit:
    """The table most like the answers to some contexts.

    Args:
        ridge: what a vote's square costs, in contexts; see `tables.regression`.
    """
    d_vocab, count = answer.shape[1], len(answer)
    return tables.by_destination(
        features(sample.tokens, d_vocab, reading),
        sample.last,
        d_vocab,
        torch.full((count,), 1 / count, dtype=torch.float64),
        answer,
        reading,
        steps,
        ridge / count,
    )


def off_the_weights(
    weights: Weights, samples: Sequence[Contexts], reading: str, *, taken_out: bool = False
) -> Table:
    """The table read off a layer: what a source writes, on average over where it stands.

    That is its share of attention times what the head's OV circuit makes of it. Or what its being
    there changes: take a token out of a context, and what it had of the attention goes to the
    others, in proportion. The bias is such that the mean logits are right.

    Args:
        samples: contexts to average over, each sample of one length.
        taken_out: average the change, not what is written.
    """
    d_vocab = weights["W_U"].shape[-1]
    size = len(DISTANCES) * d_vocab if reading == "distance" else d_vocab
    votes = torch.zeros(d_vocab * size, weights["W_E"].shape[-1], dtype=torch.float64)
    times = torch.zeros(d_vocab * size, 1, dtype=torch.float64)
    for tokens in (some for sample in samples for some in sample.tokens.split(CHUNK)):
        written = effects(weights, tokens, taken_out)[:, :-1]
        cells = (tokens[:, -1:] * size + places(tokens, d_vocab, reading)).reshape(-1)
        votes.index_add_(0, cells, written.reshape(len(cells), -1))
        times.index_add_(0, cells, torch.ones(len(cells), 1, dtype=torch.float64))
    mean = (votes / times.clamp(min=1) @ weights["W_U"]).reshape(d_vocab, size, -1)
    return Table(_right_on_average(weights, samples, reading, mean), mean, reading)


def effects(
    weights: Weights, tokens: Int[Tensor, "batch pos"], taken_out: bool
) -> Float[Tensor, "batch pos d_model"]:
    """What each token adds to the last one's residual stream, all heads together.

    It is a v, with a its attention and v what the head makes of it; or, if it is `taken_out`,
    a (v - h) / (1 - a), with h all that the head writes.
    """
    there = look(weights, tokens)
    found = torch.zeros_like(there.residual)
    for a, W_V, W_O in zip(there.attention, weights["W_V"][0], weights["W_O"][0], strict=True):
        v, a = there.residual @ W_V @ W_O, a[..., None]
        h = (a * v).sum(dim=1, keepdim=True)
        found += a * (v - h) / (1 - a).clamp(min=1e-12) if taken_out else a * v
    return found


def _right_on_average(
    weights: Weights,
    samples: Sequence[Contexts],
    reading: str,
    votes: Float[Tensor, "destination f output"],
) -> Float[Tensor, "destination output"]:
    """The bias with which a table has the network's mean logits at every destination."""
    d_vocab = len(votes)
    x = torch.cat([features(sample.tokens, d_vocab, reading) for sample in samples])
    parts = (some for sample in samples for some in sample.tokens.split(CHUNK))
    network = torch.cat([logits(weights, some) for some in parts])
    last = torch.cat([sample.last for sample in samples])
    bias = torch.zeros(d_vocab, votes.shape[-1], dtype=torch.float64)
    for destination in last.unique().tolist():
        here = last == destination
        bias[destination] = network[here].mean(dim=0) - x[here].mean(dim=0) @ votes[destination]
    return bias


def dropped(weights: Weights, sample: Contexts) -> float:
    """What a skip trigram leaves out of a token's effect, in squares, relative to the effect.

    Every token is put into every context, as often as the text has it. The change of the logits is
    p (OV[s] - m), and p OV[s] is what a skip trigram has of it; what all outputs gain alike is
    taken off, as no probability depends on it.

    Raises:
        ValueError: the network has positions, so that where it is put would matter.
    """
    layer = circuits.circuits(weights)
    d_vocab = layer.scores.shape[-1]
    bags, destinations = circuits.bagged(sample.tokens, d_vocab)
    frequency = bags.sum(dim=0) / bags.sum()
    left_out = effect = 0.0
    for source in range(d_vocab):
        change = circuits.inserted(layer, sample.tokens, source).sum(dim=-3)
        more = bags + torch.nn.functional.one_hot(torch.tensor(source), d_vocab)
        attention = circuits.attention(layer, more, destinations)[..., source] / more[:, source]
        kept = torch.einsum("hb,ho->bo", attention, layer.writes[:, source])
        left_out += float(frequency[source] * _centered(change - kept).square().sum())
        effect += float(frequency[source] * _centered(change).square().sum())
    return left_out / effect


def _centered(logits: Float[Tensor, "batch output"]) -> Float[Tensor, "batch output"]:
    return logits - logits.mean(dim=-1, keepdim=True)


def network(level: str, positions: bool, seed: int) -> Weights:
    """One of the kept networks, in float64."""
    arrays = experiment.kept(experiments.TEXT[level, positions]).weights()
    return transformer.run(side_by_side.restored(arrays), seed)


@cache
def samples(level: str, recipe: Imitation) -> tuple[Contexts, Contexts]:
    """The contexts that tables are fitted to, and those that they are measured on."""
    model = experiments.TEXT[level, False].recipe
    corpus = language.corpus_of(model)
    return (
        contexts(corpus.train, model.n_ctx, recipe.fitted, stream(0, "contexts to fit")),
        contexts(corpus.held_out, model.n_ctx, recipe.measured, stream(0, "contexts to measure")),
    )


def first(sample: Contexts, count: int) -> Contexts:
    """The first so many contexts of a sample."""
    return Contexts(sample.tokens[:count], sample.followed[:count])


def compared(level: str, positions: bool, seed: int, recipe: Imitation) -> dict[str, Any]:
    """How far one network is from each table, on held-out contexts.

    Returns:
        its `loss`; and for "bigram" and each table the `divergence` and the `agreement` of first
        choices; without positions also what is `dropped`.
    """
    weights = network(level, positions, seed)
    fit_to, measure = samples(level, recipe)
    answer, truth = said(weights, fit_to.tokens).exp(), said(weights, measure.tokens)
    d_vocab = truth.shape[1]
    made = {"bigram": tables.bigrams(answer, fit_to.last, d_vocab)[measure.last]}
    for reading in ("count", "presence", *(["distance"] if positions else [])):
        fit = fitted(fit_to, answer, reading, ridge=recipe.ridge, steps=recipe.steps)
        made[reading] = voted(fit.table, features(measure.tokens, d_vocab, reading), measure.last)
    reading = "distance" if positions else "count"
    for name, taken_out in (("read off", False), ("taken out", True)):
        sample = first(fit_to, recipe.read)
        table = off_the_weights(weights, [sample], reading, taken_out=taken_out)
        made[name] = voted(table, features(measure.tokens, d_vocab, reading), measure.last)
    row = {
        "level": level,
        "positions": positions,
        "seed": seed,
        "loss": loss(truth, measure.followed),
        "divergence": {name: divergence(truth, other) for name, other in made.items()},
        "agreement": {
            name: float((truth.argmax(1) == other.argmax(1)).double().mean())
            for name, other in made.items()
        },
    }
    return (
        row if positions else row | {"dropped": dropped(weights, first(measure, recipe.inserted))}
    )


def bounded(level: str, seed: int, recipe: Imitation) -> dict[str, Any]:
    """How near the very best table of counts comes to a network, on contexts that it is fitted to.

    Returns:
        the `divergence` of the best "bigram" and table of "count" on these contexts, and how far
        above the least of any table it is at most, `certain_to`; all in nats.
    """
    sample = first(samples(level, recipe)[0], recipe.bounded)
    truth = said(network(level, False, seed), sample.tokens)
    entropy = -float((truth.exp() * truth).sum(dim=-1).mean())
    fit = fitted(sample, truth.exp(), "count", ridge=1e-6, steps=recipe.bounded_steps)
    bigram = tables.bigrams(truth.exp(), sample.last, truth.shape[1])[sample.last]
    return {
        "level": level,
        "seed": seed,
        "bigram": divergence(truth, bigram),
        "count": fit.loss - entropy,
        "certain_to": fit.certain_to,
    }


def of_all_lengths(level: str, seed: int, recipe: Imitation) -> dict[str, Any]:
    """The same comparison of one network without positions on contexts of every length, from 2.

    Returns:
        the `divergence` for "bigram" and each table, in nats.
    """
    weights = network(level, False, seed)
    fit_to, measure = (shortened(sample) for sample in samples(level, recipe))
    answer, truth = (
        torch.cat([said(weights, sample.tokens) for sample in some]) for some in (fit_to, measure)
    )
    to, last = (torch.cat([sample.last for sample in some]) for some in (fit_to, measure))
    d_vocab = truth.shape[1]
    left = {"bigram": divergence(truth, tables.bigrams(answer.exp(), to, d_vocab)[last])}

    def added(reading: str, some: list[Contexts]) -> Float[Tensor, "batch feature"]:
        return torch.cat([features(sample.tokens, d_vocab, reading) for sample in some])

    for reading in ("count", "presence"):
        chance = torch.full((len(to),), 1 / len(to), dtype=torch.float64)
        ridge = recipe.ridge / len(to)
        fit = tables.by_destination(
            added(reading, fit_to), to, d_vocab, chance, answer.exp(), reading, recipe.steps, ridge
        )
        left[reading] = divergence(truth, voted(fit.table, added(reading, measure), last))
    for name, taken_out in (("read off", False), ("taken out", True)):
        read = off_the_weights(weights, fit_to, "count", taken_out=taken_out)
        left[name] = divergence(truth, voted(read, added("count", measure), last))
    return {"level": level, "seed": seed, "divergence": left}


def shortened(sample: Contexts) -> list[Contexts]:
    """The ends of some contexts, a sample for each length from 2 on, all equally large."""
    n_ctx = sample.tokens.shape[1]
    return [
        Contexts(
            sample.tokens[length - 2 :: n_ctx - 1, -length:],
            sample.followed[length - 2 :: n_ctx - 1],
        )
        for length in range(2, n_ctx + 1)
    ]


def as_language_model(level: str, recipe: Imitation) -> dict[str, Any]:
    """The held-out loss of tables that learn from the text itself, in nats a token."""
    model = experiments.TEXT[level, False].recipe
    train = language.corpus_of(model).train
    learn = contexts(train, model.n_ctx, recipe.learned, stream(0, "contexts to learn"))
    measure = samples(level, recipe)[1]
    answer = torch.nn.functional.one_hot(learn.followed, model.d_vocab).double()
    losses = {}
    for reading in ("count", "presence"):
        fit = fitted(learn, answer, reading, ridge=recipe.language_ridge, steps=recipe.steps)
        x = features(measure.tokens, model.d_vocab, reading)
        losses[reading] = loss(voted(fit.table, x, measure.last), measure.followed)
    return {"level": level, "loss": losses}


class Next(NamedTuple):
    """A piece of text that may come next, and how likely the network and its table find it."""

    piece: str
    network: float
    table: float


def continued(written: str, table: Table, level: str = "character") -> list[Next]:
    """What may follow a text, by the first network without positions and by a table.

    Returns:
        every token of the vocabulary, the network's first choice first.

    Raises:
        ValueError: the text is shorter than the contexts that the table was made for.
    """
    model = experiments.TEXT[level, False].recipe
    vocabulary = language.corpus_of(model).vocabulary
    cut = text.pieces(" ".join(written.lower().split()), level)[-model.n_ctx :]
    if len(cut) < model.n_ctx:
        raise ValueError(f"a context has {model.n_ctx} {level}s; this one has {len(cut)}")
    tokens = text.encoded(cut, vocabulary)[None]
    x = features(tokens, len(vocabulary), table.reading)
    by_network = said(network(level, False, 0), tokens)[0].exp()
    by_table = voted(table, x, tokens[:, -1])[0].exp()
    both = zip(vocabulary, by_network.tolist(), by_table.tolist(), strict=True)
    return sorted((Next(*each) for each in both), key=lambda each: -each.network)


def measured(recipe: Imitation) -> Iterator[tuple[str, dict[str, Any]]]:
    """All that is kept, row by row, each with the name of its file."""
    for (level, positions), training in experiments.TEXT.items():
        for seed in training.recipe.seeds:
            yield "rows", compared(level, positions, seed, recipe)
            if level == "character" and not positions:
                yield "bounds", bounded(level, seed, recipe)
                yield "lengths", of_all_lengths(level, seed, recipe)
    for level, _ in filter(lambda kind: not kind[1], experiments.TEXT):
        yield "language", as_language_model(level, recipe)


def kept(name: str = "rows") -> list[dict[str, Any]]:
    """What was computed once: "rows" as `compared`, and "bounds", "lengths" and "language".

    Raises:
        StaleResult: the kept comparison was made otherwise.
    """
    if json.loads((KEPT / "recipe.json").read_bytes()) != asdict(Imitation()):
        raise experiment.StaleResult(f"{KEPT} was made otherwise; compute it anew")
    return json.loads((KEPT / f"{name}.json").read_bytes())


@cache
def table(level: str) -> Table:
    """The kept table of counts that imitates the first network without positions."""
    with np.load(KEPT / f"{level}-table.npz") as arrays:
        return Table(*(torch.tensor(arrays[part]).double() for part in ("bias", "votes")), "count")


def keep(recipe: Imitation) -> None:
    """Compute everything anew into `results/`."""
    KEPT.mkdir(parents=True, exist_ok=True)
    rows: dict[str, list] = {"rows": [], "bounds": [], "lengths": [], "language": []}
    for name, row in measured(recipe):
        rows[name].append(row)
        print(name, json.dumps(row), flush=True)
    for level in ("character", "word"):
        sample = samples(level, recipe)[0]
        answer = said(network(level, False, 0), sample.tokens).exp()
        fit = fitted(sample, answer, "count", ridge=recipe.ridge, steps=recipe.steps)
        arrays = {"bias": fit.table.bias, "votes": fit.table.votes}
        halves = {part: array.numpy().astype("float16") for part, array in arrays.items()}
        np.savez(KEPT / f"{level}-table.npz", **halves)
    for name, found in rows.items():
        lines = ",\n".join(json.dumps(row) for row in found)
        (KEPT / f"{name}.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    (KEPT / "recipe.json").write_text(json.dumps(asdict(recipe), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    keep(Imitation())
