"""How a layer of attention learns to continue real text: a recipe, and the loop that trains it.

All seeds train side by side, each on stretches of text of its own, in float64: so the first rows
can be trained again on any machine and compared to the last digits that matter.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from workings import recipes, side_by_side, transformer
from workings.side_by_side import State
from workings.streams import stream

from . import text

MEASURED = 256  # windows of either part of the text, the same in every row


@dataclass(frozen=True)
class LanguageModel:
    """Trainings of one layer of attention on the documentation, which differ in their seeds alone.

    Raises:
        ValueError: a value is impossible; the message names it.
    """

    level: str = "character"
    d_vocab: int = 40  # the rarest pieces are one token, `<other>`
    frac_held_out: float = 0.15
    positions: bool = False
    n_ctx: int = 24
    n_heads: int = 4
    d_head: int = 16
    d_model: int = 64
    batch: int = 64
    lr: float = 5e-3  # falls to 0 by a half cosine
    beta1: float = 0.9
    beta2: float = 0.99
    eps: float = 1e-8
    steps: int = 1_000
    every: int = 20  # steps from row to row
    seeds: tuple[int, ...] = (0,)

    def __post_init__(self) -> None:
        whole = ("n_ctx", "n_heads", "d_head", "d_model", "batch", "steps", "every")
        rules = {
            f"level must be one of {', '.join(text.PIECES)}": self.level not in text.PIECES,
            "d_vocab must be 2 or more": self.d_vocab < 2,
            "frac_held_out must lie between 0 and 1": not 0 < self.frac_held_out < 1,
            **recipes.of_adam(self),
            **recipes.of_seeds(self),
            **recipes.at_least_one(self, *whole),
        }
        recipes.refuse(self, rules)


def corpus_of(recipe: LanguageModel) -> text.Corpus:
    """The text that the recipe trains on."""
    return text.corpus(recipe.level, recipe.d_vocab, recipe.frac_held_out)


def initial_weights(recipe: LanguageModel, seed: int) -> transformer.Weights:
    """Where the run of this seed starts."""
    shapes = transformer.shapes(
        d_vocab=recipe.d_vocab,
        d_model=recipe.d_model,
        n_heads=recipe.n_heads,
        d_head=recipe.d_head,
        n_ctx=recipe.n_ctx if recipe.positions else None,
    )
    return transformer.initial(seed, shapes, dtype=torch.float64)


def batch(recipe: LanguageModel, step: int) -> Int[Tensor, "runs batch pos"]:
    """The stretches of text that each run sees at a step: `n_ctx` tokens, and what follows."""
    train = corpus_of(recipe).train
    return torch.stack(
        [
            text.windows(train, recipe.n_ctx + 1, recipe.batch, stream(seed, f"batch {step}"))
            for seed in recipe.seeds
        ]
    )


def loss(
    weights: transformer.Weights, stretches: Int[Tensor, "*#runs batch pos"]
) -> Float[Tensor, "*runs"]:
    """The mean over all places of minus the log-probability of the next token, in nats."""
    said = transformer.logits(weights, stretches[..., :-1]).log_softmax(dim=-1)
    followed = stretches[..., 1:, None].expand(*said.shape[:-1], 1)
    return -said.gather(-1, followed).squeeze(-1).mean(dim=(-2, -1))


def train(recipe: LanguageModel, state: State | None = None) -> Iterator[tuple[dict, State]]:
    """The rows measured on the way and the state at each, from the start or from a given state.

    Yields:
        At step 0 (unless a state is given), every `recipe.every` steps, and at the last: of each
        seed the "train_loss" and the "test_loss" on the same stretches of text, in nats a token.
    """

    def measured(weights: transformer.Weights) -> dict[str, Any]:
        return {f"{part}_loss": loss(weights, some).tolist() for part, some in samples.items()}

    samples = measured_on(recipe)
    return side_by_side.train(
        recipe,
        state,
        start=lambda: transformer.stack([initial_weights(recipe, seed) for seed in recipe.seeds]),
        loss=lambda weights, step: loss(weights, batch(recipe, step)),
        measured=measured,
    )


def measured_on(recipe: LanguageModel) -> dict[str, Int[Tensor, "batch pos"]]:
    """The stretches of text on which every row is measured, learned from and held out."""
    corpus = corpus_of(recipe)
    return {
        part: text.windows(tokens, recipe.n_ctx + 1, MEASURED, stream(0, f"measured {part}"))
        for part, tokens in (("train", corpus.train), ("test", corpus.held_out))
    }


def final_weights(recipe: LanguageModel, state: State) -> dict[str, dict[str, np.ndarray]]:
    """The weights of all runs at the end."""
    return {"weights": side_by_side.rounded(state["weights"])}
