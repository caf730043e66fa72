"""Weights from anywhere: a file is data, never executed, and checked before it is believed."""

import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from workings import transformer

AXES = {name: axes.replace("n_layers ", "") for name, axes in transformer.AXES.items()}
NEEDED = [name for name in AXES if name.startswith("W_")]
MAY_BE_MISSING = ("b_in", "b_out")
MUST_BE_ZERO = [name for name in AXES if name[0] == "b" and name not in MAY_BE_MISSING]
# Constants of TransformerLens, and a normalization that the code of Nanda et al. never applies.
PASSED_OVER = ("mask", "IGNORE", "w_ln", "b_ln")
WRAPPERS = ("model", "state_dict", "model_state_dict")


class Checkpoint(NamedTuple):
    """The weights that a file holds."""

    weights: dict[str, np.ndarray]  # by TransformerLens' names, in its shapes, in float64
    shapes: str  # whose shapes they had in the file


def read(file: Path, p: int) -> Checkpoint:
    """The weights of a one-layer network for addition modulo p.

    Args:
        file: a .npz, or a .pt or .pth of a dictionary of tensors. The names may be ours, those of a
            TransformerLens `state_dict`, or those of the code of Nanda et al. (2023), which has
            the same names and other shapes.

    Raises:
        ValueError: it cannot be read, or is not such a network; the message says what is wrong
            and what to do.
    """
    readers: dict[str, Callable] = {".npz": _npz, ".pt": _torch, ".pth": _torch}
    reader = readers.get(file.suffix.lower())
    if reader is None and file.is_dir():
        raise ValueError(f"{file} is a folder; name a file of weights in it, such as seed-0.npz")
    if reader is None:
        raise ValueError(f"{file} ends in none of {', '.join(readers)}; save the weights as one")
    try:
        found = reader(file)
    except OSError as error:
        raise ValueError(f"{file} cannot be read: {error.strerror or error}") from None
    try:
        return fitting(found, p)
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from None


def fitting(arrays: Mapping[str, np.ndarray], p: int) -> Checkpoint:
    """Weights by their short names, in TransformerLens' shapes, if they fit together and to p.

    Raises:
        ValueError: one is missing, unknown, of a wrong shape or not finite, or a bias is not zero
            that must be.
    """
    there = {name.split(".")[-1] for name in arrays}
    if missing := [name for name in NEEDED if name not in there]:
        raise ValueError(f"it has no {' and no '.join(missing)}, but {_some(arrays)}")
    weights = _short(arrays)
    for name, weight in weights.items():
        if weight.dtype.kind not in "fiu":
            raise ValueError(f"{name} is of type {weight.dtype}; it must hold real numbers")
        if not np.isfinite(weight).all():
            raise ValueError(f"{name} has values that are not finite; take an earlier checkpoint")
        n_axes = len(AXES[name].split())
        if weight.ndim != n_axes and (name, weight.ndim) != ("W_O", 2):
            raise ValueError(f"{name} is {_by(weight.shape)}, and must have {n_axes} axes")
    theirs = weights["W_O"].ndim == 2
    if theirs:
        weights = _from_nanda(weights)
    _check_shapes(weights, p)
    for name in MUST_BE_ZERO:
        if name in weights and weights.pop(name).any():
            raise ValueError(f"{name} is not 0; the network measured has biases in its MLP only")
    weights["W_pos"] = weights["W_pos"][:3]
    return Checkpoint(
        {name: weight.astype(np.float64) for name, weight in weights.items()},
        "Nanda et al. (2023)" if theirs else "TransformerLens",
    )


def config(weights: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """What to make a HookedTransformer of, so that it can take these weights."""
    sizes: dict[str, int] = {}
    for name, weight in weights.items():
        sizes |= dict(zip(AXES[name].split(), weight.shape, strict=True))
    return sizes | {"n_layers": 1, "act_fn": "relu", "normalization_type": None}


def state_dict(weights: Mapping[str, np.ndarray]) -> dict[str, torch.Tensor]:
    """The weights as TransformerLens names them, its other biases as zeros.

    A HookedTransformer of one layer without normalization takes them by `load_state_dict(...,
    strict=False)`, in float32, and gives the same logits.
    """
    layered = {}
    for name, weight in weights.items():
        tensor = torch.tensor(weight, dtype=torch.float32)
        layered[name] = tensor[None] if "n_layers" in transformer.AXES[name] else tensor
    return transformer.state_dict(layered)


def _npz(file: Path) -> dict[str, np.ndarray]:
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays.files}
    except OSError:
        raise
    except Exception as error:  # a damaged file can end in any
        if "allow_pickle" in str(error):
            raise ValueError(
                f"{file} holds Python objects, which could run code; save plain arrays"
            ) from None
        raise ValueError(f"{file} is no whole .npz; save the weights by np.savez") from None
    return {name: array for name, array in found.items() if isinstance(array, np.ndarray)}


def _torch(file: Path) -> dict[str, np.ndarray]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what a damaged file might be instead
            found = torch.load(file, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception:  # a damaged file can end in any
        raise ValueError(
            f"{file} is damaged, or holds more than tensors, which could run code; where it was "
            "made, save them alone: torch.save(model.state_dict(), ...)"
        ) from None
    if isinstance(found, Mapping):
        inner = [found[name] for name in WRAPPERS if isinstance(found.get(name), Mapping)]
        found = inner[0] if inner else found
    if not isinstance(found, Mapping):
        raise ValueError(f"{file} holds a {type(found).__name__}, no dictionary of tensors")
    tensors = {str(name): value for name, value in found.items() if torch.is_tensor(value)}
    return {name: _array(name, tensor) for name, tensor in tensors.items()}


def _array(name: str, tensor: torch.Tensor) -> np.ndarray:
    if tensor.layout != torch.strided or tensor.is_quantized or tensor.is_complex():
        raise ValueError(f"{name} is no plain tensor of real numbers")
    if tensor.is_meta:
        raise ValueError(f"{name} is a tensor without values")
    return tensor.detach().double().numpy()


def _short(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays by the last part of their names, without those that are no weights."""
    found, full = {}, {}
    for name, array in arrays.items():
        short = name.split(".")[-1]
        if short in PASSED_OVER:
            continue
        if short not in AXES:
            raise ValueError(f"{name} is no weight of the network; leave it out of the file")
        if short in full:
            raise ValueError(f"{full[short]} and {name}: only one layer can be measured")
        found[short], full[short] = array, name
    return found


def _from_nanda(weights: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """From the shapes of their code, which multiplies from the left, to TransformerLens'."""
    found = dict(weights)
    for name in ("W_E", "W_in", "W_out"):
        found[name] = weights[name].T
    for name in ("W_Q", "W_K", "W_V"):
        found[name] = weights[name].swapaxes(-1, -2)
    n_heads, d_head = len(weights["W_Q"]), weights["W_Q"].shape[1]
    d_model, columns = weights["W_O"].shape
    if columns != n_heads * d_head:
        raise ValueError(
            f"W_O is {d_model} by {columns}, and must be d_model by {n_heads * d_head} for "
            f"{n_heads} heads of {d_head}"
        )
    found["W_O"] = weights["W_O"].T.reshape(n_heads, d_head, d_model)
    return found


def _check_shapes(weights: Mapping[str, np.ndarray], p: int) -> None:
    """Refuse weights that do not fit together, or do not fit p."""
    rows = len(weights["W_E"])
    if rows != p + 1:
        raise ValueError(
            f"W_E is for {rows} tokens, and p = {p} needs {p + 1}: the numbers and '='; "
            f"is p {rows - 1}?"
        )
    sizes: dict[str, int] = {}
    for name in (name for name in AXES if name in weights):
        axes, shape = AXES[name].split(), weights[name].shape
        wanted = [sizes.get(axis, axis) for axis in axes]
        if 0 in shape or any(
            sizes.setdefault(axis, size) != size for axis, size in zip(axes, shape, strict=True)
        ):
            raise ValueError(f"{name} is {_by(shape)}, and must be {_by(wanted)}")
    if sizes["n_ctx"] < 3:
        raise ValueError(f"W_pos has {sizes['n_ctx']} positions; a, b and '=' need 3")
    if sizes["d_vocab_out"] not in (p, p + 1):
        raise ValueError(f"W_U has {sizes['d_vocab_out']} answers, and must have {p} or {p + 1}")


def _some(names: Iterable[str]) -> str:
    """The names, the first dozen of them if there are more."""
    names = list(names)
    return ", ".join(names[:12]) + (", ..." if names[12:] else "") or "nothing"


def _by(sizes: Any) -> str:
    return " by ".join(str(size) for size in sizes) or "one number"
