"""The one small transformer of the book: no normalization, weights named as in TransformerLens.

A network is a plain dictionary of tensors. What is in it decides what it is: without `W_pos` it
does not know where a token stands, without `W_in` it is attention only, without a bias that bias
is zero. Each tensor may carry leading axes of independent runs, so that all seeds and settings
train as one batched program; without them it has exactly TransformerLens' shape.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from .streams import stream

Weights = dict[str, Tensor]
Activation = Literal["relu", "gelu"]

# Each tensor's axes, after those of the runs, and what TransformerLens calls it.
AXES = {
    "W_E": "d_vocab d_model",
    "W_pos": "n_ctx d_model",
    "W_Q": "n_layers n_heads d_model d_head",
    "W_K": "n_layers n_heads d_model d_head",
    "W_V": "n_layers n_heads d_model d_head",
    "W_O": "n_layers n_heads d_head d_model",
    "b_Q": "n_layers n_heads d_head",
    "b_K": "n_layers n_heads d_head",
    "b_V": "n_layers n_heads d_head",
    "b_O": "n_layers d_model",
    "W_in": "n_layers d_model d_mlp",
    "b_in": "n_layers d_mlp",
    "W_out": "n_layers d_mlp d_model",
    "b_out": "n_layers d_model",
    "W_U": "d_model d_vocab_out",
    "b_U": "d_vocab_out",
}
MODULES = {
    "embed": ("W_E",),
    "pos_embed": ("W_pos",),
    "attn": ("W_Q", "W_K", "W_V", "W_O", "b_Q", "b_K", "b_V", "b_O"),
    "mlp": ("W_in", "b_in", "W_out", "b_out"),
    "unembed": ("W_U", "b_U"),
}
NEEDED = ("W_E", "W_Q", "W_K", "W_V", "W_O", "W_U")
MLP = ("W_in", "W_out")
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"relu": F.relu, "gelu": F.gelu}


def shapes(
    *,
    d_vocab: int,
    d_model: int,
    n_heads: int,
    d_head: int,
    n_ctx: int | None = None,
    d_mlp: int | None = None,
    n_layers: int = 1,
    d_vocab_out: int | None = None,
    biases: Collection[str] = (),
) -> dict[str, tuple[int, ...]]:
    """The shape of every tensor of one run.

    Args:
        n_ctx: the longest input; none for a network without positions.
        d_mlp: neurons a layer; none for attention only.
        d_vocab_out: tokens that can be answered; none for all of `d_vocab`.
        biases: those that the network has, such as ("b_in", "b_out"); the others are zero.

    Raises:
        ValueError: a size is below 1, or a bias is unknown or belongs to an MLP that is not there.
    """
    sizes = {
        "d_vocab": d_vocab,
        "d_model": d_model,
        "n_heads": n_heads,
        "d_head": d_head,
        "n_ctx": n_ctx,
        "d_mlp": d_mlp,
        "n_layers": n_layers,
        "d_vocab_out": d_vocab if d_vocab_out is None else d_vocab_out,
    }
    for size, value in sizes.items():
        if value is not None and value < 1:
            raise ValueError(f"{size} is {value}; a size is 1 or more")
    there = {
        name: axes.split()
        for name, axes in AXES.items()
        if all(sizes[axis] is not None for axis in axes.split())
        and (name != "b_out" or d_mlp is not None)
    }
    for bias in biases:
        if bias not in there or bias[0] != "b":
            known = ", ".join(name for name in there if name[0] == "b")
            raise ValueError(f"this network has no bias {bias!r}; choose from {known}")
    return {
        name: tuple(sizes[axis] for axis in axes)
        for name, axes in there.items()
        if name[0] == "W" or name in biases
    }


def initial(
    seed: int, shapes: Mapping[str, tuple[int, ...]], dtype: torch.dtype = torch.float32
) -> Weights:
    """One run's weights before training: normal matrices, biases of zero.

    Each matrix is drawn from a stream of its own, so that networks of one seed start alike
    wherever they have the same matrix. The standard deviation is 1/sqrt(d_model), that of `W_U`
    1/sqrt(d_vocab_out), and no other: `W_out` does not shrink with `d_mlp`.

    Args:
        shapes: of every tensor, as `shapes` returns them.

    Source: the code of Nanda et al. (2023).
    """
    weights = {}
    for name, shape in shapes.items():
        if name[0] == "b":
            weights[name] = torch.zeros(shape, dtype=dtype)
            continue
        fan = shapes["W_U"][-1 if name == "W_U" else -2]
        normal = stream(seed, f"init {name}").standard_normal(shape) / fan**0.5
        weights[name] = torch.tensor(normal, dtype=dtype)
    return weights


def stack(runs: Sequence[Weights]) -> Weights:
    """Independent runs as one network: every tensor gets an axis in front, in this order.

    Raises:
        ValueError: the runs do not have the same tensors.
    """
    for run in runs:
        if run.keys() != runs[0].keys():
            differing = ", ".join(sorted(run.keys() ^ runs[0].keys()))
            raise ValueError(f"some runs have {differing} and some do not; stack those alike")
    return {name: torch.stack([run[name] for run in runs]) for name in runs[0]}


def run(weights: Weights, index: int) -> Weights:
    """One of the runs that `stack` put together."""
    return {name: tensor[index] for name, tensor in weights.items()}


def embedded(
    weights: Weights, tokens: Int[Tensor, "*#runs batch pos"]
) -> Float[Tensor, "*runs batch pos d_model"]:
    """What enters the first layer: each token's embedding and, if there is one, its position's.

    Raises:
        ValueError: a token is not below `d_vocab`, or there are more than `n_ctx` of them.
    """
    W_E = weights["W_E"]
    *runs, d_vocab, d_model = W_E.shape
    if tokens.numel() and not 0 <= int(tokens.min()) <= int(tokens.max()) < d_vocab:
        raise ValueError(f"tokens run from 0 to {d_vocab - 1}; {_outside(tokens, d_vocab)} is none")
    # One table for all runs: the gradient of F.embedding adds up in one order, that of indexing
    # does not.
    first = torch.arange(W_E[..., 0, 0].numel(), device=tokens.device).reshape(*runs, 1, 1)
    rows = first * d_vocab + tokens
    residual = F.embedding(rows, W_E.reshape(-1, d_model))
    if "W_pos" not in weights:
        return residual
    n_ctx = weights["W_pos"].shape[-2]
    if tokens.shape[-1] > n_ctx:
        raise ValueError(f"{tokens.shape[-1]} tokens are too many: W_pos has n_ctx = {n_ctx}")
    return residual + weights["W_pos"][..., None, : tokens.shape[-1], :]


def pattern(
    weights: Weights,
    layer: int,
    residual: Float[Tensor, "*runs batch pos d_model"],
    *,
    causal: bool = True,
) -> Float[Tensor, "*runs batch n_heads query key"]:
    """Where each head looks: a share for every key, which add up to one for each query.

    Source: Vaswani et al. (2017), scaled dot products.
    """
    queries = _heads(weights, layer, residual, "Q")
    keys = _heads(weights, layer, residual, "K")
    scores = queries @ keys.mT / queries.shape[-1] ** 0.5
    if causal:
        later = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).triu(1)
        scores = scores.masked_fill(later, float("-inf"))
    return scores.softmax(dim=-1)


def attention(
    weights: Weights,
    layer: int,
    residual: Float[Tensor, "*runs batch pos d_model"],
    *,
    causal: bool = True,
) -> Float[Tensor, "*runs batch pos d_model"]:
    """What a layer's heads add to the residual stream, together."""
    values = _heads(weights, layer, residual, "V")
    mixed = pattern(weights, layer, residual, causal=causal) @ values
    written = torch.einsum("...bhqe,...hed->...bqd", mixed, weights["W_O"][..., layer, :, :, :])
    return _shifted(weights, "b_O", layer, written)


def neurons(
    weights: Weights,
    layer: int,
    residual: Float[Tensor, "*runs batch pos d_model"],
    activation: Activation = "relu",
) -> Float[Tensor, "*runs batch pos d_mlp"]:
    """A layer's MLP neurons after their activation; "gelu" is the exact one, by erf."""
    matrix = weights["W_in"][..., layer, :, :]
    before = torch.einsum("...bpd,...dm->...bpm", residual, matrix)
    return ACTIVATIONS[activation](_shifted(weights, "b_in", layer, before))


def mlp(
    weights: Weights,
    layer: int,
    residual: Float[Tensor, "*runs batch pos d_model"],
    activation: Activation = "relu",
) -> Float[Tensor, "*runs batch pos d_model"]:
    """What a layer's MLP adds to the residual stream."""
    fired = neurons(weights, layer, residual, activation)
    matrix = weights["W_out"][..., layer, :, :]
    written = torch.einsum("...bpm,...md->...bpd", fired, matrix)
    return _shifted(weights, "b_out", layer, written)


def logits(
    weights: Weights,
    tokens: Int[Tensor, "*#runs batch pos"],
    *,
    activation: Activation = "relu",
    causal: bool = True,
    direct_path: bool = True,
) -> Float[Tensor, "*runs batch pos d_vocab_out"]:
    """What the network says of each next token, in nats.

    Args:
        tokens: the same for every run, or with axes of runs their own.
        causal: a query sees no later key.
        direct_path: the embedding itself reaches the logits; if not, only what the layers wrote
            does (they still read it).

    Raises:
        ValueError: a token is not below `d_vocab`, or there are more than `n_ctx` of them.

    Source: Elhage et al. (2021), who write it for columns.
    """
    start = embedded(weights, tokens)
    *_, written = _written(weights, start, activation, causal=causal)
    read = start + written if direct_path else written
    answers = torch.einsum("...bpd,...dv->...bpv", read, weights["W_U"])
    return answers + weights["b_U"][..., None, None, :] if "b_U" in weights else answers


def residuals(
    weights: Weights, tokens: Int[Tensor, "*#runs batch pos"]
) -> Float[Tensor, "layers *runs batch pos d_model"]:
    """The residual stream of a causal network with ReLU as each layer leaves it."""
    start = embedded(weights, tokens)
    return torch.stack([start + written for written in _written(weights, start)])


def state_dict(weights: Weights, *, n_ctx: int | None = None) -> Weights:
    """One run under TransformerLens' names, its missing biases and positions as zeros.

    It loads into a HookedTransformer without normalization by `load_state_dict(..., strict=False)`
    and gives the same logits, if the direct path is there.

    Args:
        n_ctx: of that HookedTransformer; needed only by a network without positions.

    Raises:
        ValueError: the weights do not fit together, have axes of runs, or have no positions and no
            `n_ctx` is given.
    """
    sizes = fitting(weights)
    if weights["W_E"].dim() > 2:
        raise ValueError("these are several runs; take one by `run`")
    if "W_pos" not in weights and n_ctx is None:
        raise ValueError("the network has no W_pos; say how many positions of zeros by n_ctx")
    sizes = {"n_ctx": n_ctx} | sizes
    exported = {}
    for module, names in MODULES.items():
        for name in names:
            if module == "mlp" and "W_in" not in weights:
                continue
            axes = AXES[name].split()
            zeros = weights["W_E"].new_zeros([sizes[axis] for axis in axes])
            tensor = weights.get(name, zeros).detach()
            if axes[0] != "n_layers":
                exported[f"{module}.{name}"] = tensor
                continue
            for layer, of_layer in enumerate(tensor):
                exported[f"blocks.{layer}.{module}.{name}"] = of_layer
    return exported


def fitting(weights: Mapping[str, Tensor]) -> dict[str, int]:
    """The sizes of a network whose tensors fit together, `d_model` and the like.

    Raises:
        ValueError: a tensor is missing, unknown, or of a shape that the others do not share.
    """
    wanted = [*NEEDED, *(MLP if {*MLP, "b_in", "b_out"} & weights.keys() else ())]
    if missing := [name for name in wanted if name not in weights]:
        raise ValueError(f"{', '.join(missing)} missing; there are {', '.join(sorted(weights))}")
    if unknown := sorted(weights.keys() - AXES.keys()):
        raise ValueError(f"{', '.join(unknown)} is no weight's name; known are {', '.join(AXES)}")
    runs = weights["W_E"].shape[:-2]
    sizes: dict[str, int] = {}
    for name in (name for name in AXES if name in weights):
        axes = AXES[name].split()
        found = weights[name].shape
        expected = [*runs, *(sizes.get(axis, axis) for axis in axes)]
        if len(found) != len(expected) or any(
            isinstance(size, int) and size != has for size, has in zip(expected, found, strict=True)
        ):
            raise ValueError(
                f"{name} is {_by(found)}, and must be {_by(expected)} to fit the other weights"
            )
        sizes |= dict(zip(axes, found[len(runs) :], strict=True))
    return sizes


def _written(
    weights: Weights, start: Tensor, activation: Activation = "relu", *, causal: bool = True
) -> Iterator[Tensor]:
    """What all layers up to each have added to the stream, [*runs, batch, pos, d_model]."""
    written = torch.zeros_like(start)
    for layer in range(weights["W_Q"].shape[-4]):
        written = written + attention(weights, layer, start + written, causal=causal)
        if "W_in" in weights:
            written = written + mlp(weights, layer, start + written, activation)
        yield written


def _heads(weights: Weights, layer: int, residual: Tensor, which: str) -> Tensor:
    """Queries, keys or values: [*runs, batch, n_heads, pos, d_head]."""
    matrix = weights[f"W_{which}"][..., layer, :, :, :]
    read = torch.einsum("...bpd,...hde->...bhpe", residual, matrix)
    bias = weights.get(f"b_{which}")
    return read if bias is None else read + bias[..., layer, None, :, None, :]


def _shifted(weights: Weights, bias: str, layer: int, values: Tensor) -> Tensor:
    """Values [*runs, batch, pos, width] with a layer's bias, if the network has it."""
    return values + weights[bias][..., layer, None, None, :] if bias in weights else values


def _outside(tokens: Tensor, d_vocab: int) -> int:
    return int(tokens[(tokens < 0) | (tokens >= d_vocab)][0])


def _by(shape: Sequence[int | str]) -> str:
    return " x ".join(str(size) for size in shape)
