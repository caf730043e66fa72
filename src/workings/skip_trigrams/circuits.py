"""A layer of attention as its tables: where each head looks, and what it writes when it looks.

Without positions, a layer of attention is no more than these: the scores [destination, source] of
each head, the logits [source, output] that it writes, and the direct path [destination, output].
Every network of that kind has them, and any such tables are a network's.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from .. import transformer
from ..transformer import Weights
from .tables import Table
from .tasks import Predict, bagged


class Circuits(NamedTuple):
    """The tables of a layer of attention.

    Attributes:
        scores: how much each head wants to look from a destination at a source, before the softmax.
        writes: what it adds to each output's logit for all of its attention, in nats.
        direct: what the destination itself adds to each output's logit, in nats.
    """

    scores: Float[Tensor, "*runs heads destination source"]
    writes: Float[Tensor, "*runs heads source output"]
    direct: Float[Tensor, "*runs destination output"]


def circuits(weights: Weights, *, direct_path: bool = True) -> Circuits:
    """The tables of a network of one layer without positions and biases of its heads.

    Args:
        direct_path: as the network was trained; without it, `direct` holds zeros (or the bias of
            the outputs).

    Raises:
        ValueError: the network has more layers, positions, an MLP or biases of heads, and so is
            not what its tables say; or its weights do not fit together.

    Source: Elhage et al. (2021), who write for columns W_E^T W_QK W_E and W_U W_OV W_E.
    """
    sizes = transformer.fitting(weights)
    if sizes["n_layers"] > 1:
        raise ValueError(f"the network has {sizes['n_layers']} layers; tables describe one")
    if extra := sorted(weights.keys() - {*transformer.NEEDED, "b_U"}):
        raise ValueError(f"tables cannot say what {', '.join(extra)} does; take a network without")
    W_E, W_U = weights["W_E"], weights["W_U"]
    W_Q, W_K, W_V, W_O = (weights[name][..., 0, :, :, :] for name in ("W_Q", "W_K", "W_V", "W_O"))
    per_head = W_E[..., None, :, :]
    scores = (per_head @ W_Q) @ (per_head @ W_K).mT / sizes["d_head"] ** 0.5
    writes = (per_head @ W_V) @ (W_O @ W_U[..., None, :, :])
    direct = W_E @ W_U if direct_path else torch.zeros_like(W_E @ W_U)
    if "b_U" in weights:
        direct = direct + weights["b_U"][..., None, :]
    return Circuits(scores, writes, direct)


def attention(
    tables: Circuits,
    bags: Float[Tensor, "batch source"],
    destinations: Float[Tensor, "batch destination"],
) -> Float[Tensor, "*runs heads batch source"]:
    """The share of each head's attention that goes to all tokens of each kind together.

    Args:
        bags: how often each token stands in the input, the destination itself counted.
        destinations: one for the destination, zeros for the other tokens.
    """
    scores = destinations @ tables.scores + bags.log()  # what is not there gets minus infinity
    return scores.softmax(dim=-1)


def logits(
    tables: Circuits,
    bags: Float[Tensor, "batch source"],
    destinations: Float[Tensor, "batch destination"],
) -> Float[Tensor, "*runs batch output"]:
    """What the tables say of the token after the last one, in nats; arguments as `attention`."""
    written = attention(tables, bags, destinations) @ tables.writes
    return destinations @ tables.direct + written.sum(dim=-3)


def predict(tables: Circuits) -> Predict:
    """The log-probabilities that follow from the tables, in nats.

    Raises:
        ValueError: the tables do not fit together; or, when it is asked, a token is outside the
            vocabulary, or the context is empty.
    """
    sizes = tuple(part.shape for part in tables)
    scores, outputs = sizes[0], sizes[2][-1:]
    runs, heads, vocabulary = scores[:-3], scores[-3:-2], scores[-1:]
    wanted = (vocabulary + vocabulary, vocabulary + outputs)
    if not heads or sizes != (*(runs + heads + two for two in wanted), runs + wanted[1]):
        shapes = ", ".join(
            f"{name} {' x '.join(map(str, size))}"
            for name, size in zip(tables._fields, sizes, strict=True)
        )
        raise ValueError(
            f"the tables do not fit together: {shapes}; give [heads, destination, source], "
            "[heads, source, output] and [destination, output]"
        )
    exact = Circuits(*(part.double() for part in tables))
    return lambda tokens: logits(exact, *bagged(tokens, scores[-1])).log_softmax(dim=-1)


def network(weights: Weights, *, direct_path: bool = True) -> Predict:
    """The log-probabilities of a network's answer to the last token, in nats."""
    return lambda tokens: transformer.logits(weights, tokens, direct_path=direct_path)[
        ..., -1, :
    ].log_softmax(dim=-1)


def inserted(
    tables: Circuits, tokens: Int[Tensor, "batch pos"], source: int
) -> Float[Tensor, "*runs heads batch output"]:
    """What changes in each head's writing, exactly, when a source token is put into the context.

    It is p (OV[source] - m): p the attention that this one token then gets, m what the head wrote
    without it. A set of skip trigrams has no place for m, nor for a p that depends on the context.

    Raises:
        ValueError: a token is outside the vocabulary, or the context is empty.
    """
    d_vocab = tables.scores.shape[-1]
    if not 0 <= source < d_vocab:
        raise ValueError(f"tokens run from 0 to {d_vocab - 1}; {source} is none")
    bags, destinations = bagged(tokens, d_vocab)
    m = attention(tables, bags, destinations) @ tables.writes
    scores = destinations @ tables.scores
    others = (scores + bags.log()).logsumexp(dim=-1)
    p = torch.sigmoid(scores[..., source] - others)
    return p[..., None] * (tables.writes[..., source, None, :] - m)


def shifted(tables: Circuits, by: Float[Tensor, " output"]) -> Circuits:
    """Other tables of the same layer: this is added to all that the heads write.

    Attention adds up to one, so every input gets it once from each head; the direct path, which
    every input gets once, loses it. No prediction changes, but every entry of OV does.
    """
    n_heads = tables.writes.shape[-3]
    return tables._replace(writes=tables.writes + by, direct=tables.direct - n_heads * by)


def greedy_table(tables: Circuits) -> Table:
    """The set of skip trigrams with the same first choices as a single head, in every context.

    A softmax divides all logits of an input by the same positive number. Undivided they are
    a sum over tokens: each votes exp(score) (writes + direct), and first choices do not change.

    Returns:
        A table that counts every token, the destination's own vote its bias. Votes are no nats:
        they are right up to a factor for each destination, such that none overflows.

    Raises:
        ValueError: there is more than one head, and so more than one divisor, or more than one run.
    """
    if tables.scores.dim() != 3 or len(tables.scores) != 1:
        raise ValueError(
            f"scores are {' x '.join(map(str, tables.scores.shape))}; "
            "first choices are those of a table for one head of one run: 1 x tokens x tokens"
        )
    (scores,), (writes,) = tables.scores, tables.writes
    weight = (scores - scores.amax(dim=1, keepdim=True)).exp()
    votes = weight[:, :, None] * (writes[None] + tables.direct[:, None])
    return Table(votes.diagonal(dim1=0, dim2=1).mT, votes, "count")


def weights(tables: Circuits) -> Weights:
    """A network in the book's own shapes that has these tables, to the last bits.

    The residual stream has a place for every token and one for every output; what a destination
    adds directly is part of its embedding.
    """
    n_heads, d_vocab, d_vocab_out = tables.writes.shape
    d_model, d_head = d_vocab + d_vocab_out, max(d_vocab, d_vocab_out)
    made = {
        name: tables.scores.new_zeros(shape)
        for name, shape in transformer.shapes(
            d_vocab=d_vocab,
            d_model=d_model,
            n_heads=n_heads,
            d_head=d_head,
            d_vocab_out=d_vocab_out,
        ).items()
    }
    tokens = torch.eye(d_vocab, dtype=tables.scores.dtype)
    outputs = torch.eye(d_vocab_out, dtype=tables.scores.dtype)
    made["W_E"][:, :d_vocab], made["W_E"][:, d_vocab:] = tokens, tables.direct
    made["W_Q"][0, :, :d_vocab, :d_vocab] = tables.scores * d_head**0.5
    made["W_K"][0, :, :d_vocab, :d_vocab] = tokens
    made["W_V"][0, :, :d_vocab, :d_vocab_out] = tables.writes
    made["W_O"][0, :, :d_vocab_out, d_vocab:] = outputs
    made["W_U"][d_vocab:] = outputs
    return made
