"""An ensemble as one program of batched products, for a device that does thousands at once.

Every network is asked every pair of numbers, so that all have one shape, and its loss counts only
those it is shown: from a third to ten times the work of `ensemble_kernels`, which a GPU hardly
feels. Nothing is looked up or scattered by an index, so that sums keep their order and the bits can
be had again on the same device.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import logsigmoid, one_hot

from . import reference, tasks
from .ensemble import MATRICES, Ensemble, initial_state, questions
from .training import DIGITS, State, significant

Weights = Float[Tensor, "runs 3 p d_mlp"]


def train(recipe: Ensemble, state: State | None = None) -> Iterator[tuple[dict, State]]:
    """The rows and states of `ensemble.train`, on torch's default device; states hold tensors."""
    begun = state is not None
    state = state if begun else initial_state(recipe)
    state = {"step": state["step"]} | {
        name: torch.as_tensor(state[name], device=torch.get_default_device()).clone()
        for name in ("weights", "first moment", "second moment")
    }
    program = Program(recipe)
    if not begun:
        yield program.measured(state), state
    while state["step"] < recipe.steps:
        program.step(state)
        if state["step"] % recipe.every == 0 or state["step"] == recipe.steps:
            yield program.measured(state), state


class Program:
    """All networks of an ensemble at once."""

    def __init__(self, recipe: Ensemble):
        self.recipe, p = recipe, recipe.p
        self.answer = torch.tensor(tasks.sums(p).ravel())
        shown = np.zeros((len(recipe.runs), p * p), dtype=bool)
        for row, run in zip(shown, recipe.runs, strict=True):
            a, b, _ = questions(recipe, run)[0]
            row[a * p + b] = True
        self.shown = torch.tensor(shown)
        dtype = getattr(torch, recipe.precision)
        self.lr, self.decay = (
            torch.tensor([getattr(run, name) for run in recipe.runs], dtype=torch.float64)[
                :, None, None, None
            ]
            for name in ("lr", "weight_decay")
        )
        self.kept = (1 - self.lr * self.decay).to(dtype)

    def step(self, state: State) -> None:
        """One step of AdamW (Loshchilov and Hutter, 2019) for each network, in place."""
        recipe = self.recipe
        weights, first, second = (
            state[name] for name in ("weights", "first moment", "second moment")
        )
        leaf = weights.detach().requires_grad_()
        losses, _ = self.asked(leaf)
        (slope,) = torch.autograd.grad(mean(losses, self.shown).sum(), leaf)
        state["step"] += 1
        rate = (self.lr / (1 - recipe.beta1 ** state["step"])).to(weights.dtype)
        first.mul_(recipe.beta1).add_(slope, alpha=1 - recipe.beta1)
        second.mul_(recipe.beta2).addcmul_(slope, slope, value=1 - recipe.beta2)
        root = second.sqrt().mul_((1 - recipe.beta2 ** state["step"]) ** -0.5).add_(recipe.eps)
        weights.mul_(self.kept).sub_(rate * first / root)

    def asked(
        self, weights: Weights
    ) -> tuple[Float[Tensor, "runs pairs"], Bool[Tensor, "runs pairs"]]:
        """Of every pair, in the order of a, then b: each network's loss, and if it is right."""
        runs, _, p, _ = weights.shape
        U_a, U_b, W = weights.unbind(dim=1)
        total = (U_a[:, :, None] + U_b[:, None, :]).flatten(1, 2)
        neurons = total.square() if self.recipe.activation == "square" else total.relu()
        logits = (neurons @ W.mT).flatten(0, 1)
        answer = self.answer.repeat(runs)
        if self.recipe.loss == "cross-entropy":
            losses = -logsigmoid(reference.margins(logits, answer))
        else:
            losses = (logits - one_hot(answer, p)).square().mean(dim=1)
        return losses.view(runs, -1), (logits.argmax(dim=1) == answer).view(runs, -1)

    @torch.no_grad()
    def measured(self, state: State) -> dict[str, Any]:
        """A row, as `ensemble.Member.measured` has it for one network."""
        losses, right = self.asked(state["weights"])
        row = {}
        for side, some in (("train", self.shown), ("test", ~self.shown)):
            row |= {f"{side}_loss": mean(losses.double(), some)}
            row |= {f"{side}_accuracy": mean(right.double(), some)}
        squares = state["weights"].double().square().sum(dim=(2, 3)).unbind(dim=1)
        row |= {f"squares_{name}": one for name, one in zip(MATRICES, squares, strict=True)}
        digits = DIGITS[self.recipe.precision]
        return {"step": state["step"]} | {
            name: [significant(value, digits) for value in values.tolist()]
            for name, values in row.items()
        }


def mean(
    values: Float[Tensor, "runs pairs"], some: Bool[Tensor, "runs pairs"]
) -> Float[Tensor, " runs"]:
    """The mean of some of each network's values; the others may be infinite."""
    return torch.where(some, values, 0).sum(dim=1) / some.sum(dim=1)
