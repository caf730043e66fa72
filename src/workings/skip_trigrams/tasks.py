"""Tasks small enough to list: every input, how likely it is, and what follows it.

So a loss is a sum over all inputs, not an average over some. No task cares where a token stands:
an input is a bag of earlier tokens, in the order of the vocabulary, and the *destination*, the
token that the answer follows, stands last.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

# What any model is to this part: log-probabilities (nats) of the token after the last one.
Predict = Callable[[Int[Tensor, "batch pos"]], Float[Tensor, "*runs batch outputs"]]

CLOSE = 1e-9  # how far from one a sum of probabilities may be


@dataclass(frozen=True, eq=False)
class Task:
    """All inputs of a task.

    Attributes:
        vocabulary: the name of each token.
        outputs: the name of each answer.
        inputs: the tokens of each input by number, the destination last; lengths may differ.
        chance: of each input, [inputs].
        answer: the distribution of what follows each, [inputs, outputs].

    Raises:
        ValueError: a name comes twice, a token is outside the vocabulary, an input has no earlier
            token, or probabilities do not add up to one; the message names what is wrong, and the
            input if it is one alone.
    """

    vocabulary: tuple[str, ...]
    outputs: tuple[str, ...]
    inputs: tuple[tuple[int, ...], ...]
    chance: Float[Tensor, " _"]
    answer: Float[Tensor, "_ _"]

    def __post_init__(self) -> None:
        for names in (self.vocabulary, self.outputs):
            if len(set(names)) < len(names):
                raise ValueError(f"each name must be there once, not as in {list(names)}")
        for tokens in self.inputs:
            if len(tokens) < 2:
                raise ValueError(f"the input {tokens} has an empty context; it needs 2 tokens")
            if outside := [t for t in tokens if not 0 <= t < len(self.vocabulary)]:
                raise ValueError(
                    f"the input {tokens} has token {outside[0]}; "
                    f"tokens run from 0 to {len(self.vocabulary) - 1}"
                )
        counts = (len(self.inputs), len(self.outputs))
        if self.answer.shape != counts or self.chance.shape != counts[:1]:
            raise ValueError(
                f"{counts[0]} inputs of {counts[1]} outputs need chance {counts[:1]} and answer "
                f"{counts}, not {tuple(self.chance.shape)} and {tuple(self.answer.shape)}"
            )
        if not is_distribution(self.chance):
            raise ValueError(f"the chances of the inputs add up to {float(self.chance.sum()):g}")
        for tokens, answer in zip(self.inputs, self.answer, strict=True):
            if not is_distribution(answer):
                raise ValueError(f"the answers to {tokens} are {answer.tolist()}, not of sum one")

    @property
    def lengths(self) -> list[int]:
        """How many tokens an input can have."""
        return sorted({len(tokens) for tokens in self.inputs})

    @property
    def batches(self) -> Iterator[tuple[Int[Tensor, " batch"], Int[Tensor, "batch pos"]]]:
        """For each length: which inputs have it, and their tokens."""
        for length in self.lengths:
            which = [i for i, tokens in enumerate(self.inputs) if len(tokens) == length]
            yield torch.tensor(which), torch.tensor([self.inputs[i] for i in which])

    @cached_property
    def bags(self) -> tuple[Float[Tensor, "inputs source"], Float[Tensor, "inputs destination"]]:
        """All inputs as `bagged` has them."""
        parts = [bagged(tokens, len(self.vocabulary)) for _, tokens in self.batches]
        order = torch.cat([which for which, _ in self.batches]).argsort()
        bags, destinations = (torch.cat(part)[order] for part in zip(*parts, strict=True))
        return bags, destinations


class Draw(NamedTuple):
    """One way in which an input can come about; what cannot follow may be left out of `answer`."""

    context: tuple[str, ...]
    destination: str
    answer: dict[str, float]
    chance: float


def bagged(
    tokens: Int[Tensor, "batch pos"], d_vocab: int
) -> tuple[Float[Tensor, "batch source"], Float[Tensor, "batch destination"]]:
    """How often each token stands in an input, and a one for its destination, the last.

    Raises:
        ValueError: a token is outside the vocabulary, or the context is empty.
    """
    if tokens.shape[-1] < 2:
        raise ValueError("the context is empty; give at least one token before the last")
    outside = tokens[(tokens < 0) | (tokens >= d_vocab)]
    if outside.numel():
        raise ValueError(f"tokens run from 0 to {d_vocab - 1}; {int(outside[0])} is none")
    one_hot = torch.nn.functional.one_hot(tokens, d_vocab).double()
    return one_hot.sum(dim=1), one_hot[:, -1]


def is_distribution(probabilities: Float[Tensor, " outcomes"]) -> bool:
    """Whether they are none below zero and add up to one."""
    return bool((probabilities >= 0).all()) and abs(float(probabilities.sum()) - 1) < CLOSE


def gathered(vocabulary: Sequence[str], outputs: Sequence[str], draws: Iterable[Draw]) -> Task:
    """The task in which these draws happen: those with the same bag of tokens are one input.

    Raises:
        ValueError: there are no draws, a token or an answer is not in the vocabulary, a draw cannot
            happen or its answers do not add up to one, or as `Task`.
    """
    number = {name: i for i, name in enumerate(vocabulary)}
    column = {name: i for i, name in enumerate(outputs)}
    joint: dict[tuple[int, ...], Tensor] = defaultdict(
        lambda: torch.zeros(len(outputs), dtype=torch.float64)
    )
    for draw in draws:
        if unknown := {draw.destination, *draw.context} - number.keys():
            raise ValueError(f"{sorted(unknown)} is not in the vocabulary {list(vocabulary)}")
        if unknown := draw.answer.keys() - column.keys():
            raise ValueError(f"{sorted(unknown)} is not among the outputs {list(outputs)}")
        if not draw.chance > 0 or not abs(sum(draw.answer.values()) - 1) < CLOSE:
            raise ValueError(
                f"the draw {' '.join((*draw.context, draw.destination))!r} needs a chance above 0 "
                f"and answers that add up to one, not {draw.chance} and {draw.answer}"
            )
        bag = sorted(number[name] for name in draw.context)
        for name, probability in draw.answer.items():
            joint[*bag, number[draw.destination]][column[name]] += draw.chance * probability
    if not joint:
        raise ValueError("there are no draws, and so no inputs")
    inputs = sorted(joint, key=lambda tokens: (len(tokens), tokens))
    together = torch.stack([joint[tokens] for tokens in inputs])
    chance = together.sum(dim=1)
    return Task(
        tuple(vocabulary), tuple(outputs), tuple(inputs), chance, together / chance[:, None]
    )


def predictions(task: Task, predict: Predict) -> Float[Tensor, "*runs inputs outputs"]:
    """What a model says of every input, in nats.

    Raises:
        ValueError: it gives something else than a row for each input, another number of outputs, or
            no log-probabilities: what does not add up to one.
    """
    found, order = [], []
    for which, tokens in task.batches:
        found.append(predict(tokens))
        order.append(which)
        if found[-1].shape[-2:-1] != which.shape:
            raise ValueError(
                f"the model answers {tuple(tokens.shape)} tokens by {tuple(found[-1].shape)}; "
                "give [inputs, outputs], what follows the last token"
            )
    said = torch.cat(found, dim=-2)[..., torch.cat(order).argsort(), :]
    if said.shape[-1] != len(task.outputs):
        raise ValueError(f"the model has {said.shape[-1]} outputs, the task {len(task.outputs)}")
    sums = said.detach().logsumexp(dim=-1).flatten()
    worst = float(sums[sums.abs().argmax()])
    if not abs(worst) < 1e-4:
        raise ValueError(
            "the model must give log-probabilities; "
            f"those of an input add up to exp({worst:.2g}), not to one"
        )
    return said.double()


def after(task: Task, words: str, predict: Predict) -> dict[str, float]:
    """How likely a model finds each answer after these tokens, the destination last.

    Raises:
        ValueError: a token is not in the vocabulary, or the context is empty.
    """
    names = words.split()
    if unknown := [name for name in names if name not in task.vocabulary]:
        raise ValueError(f"{unknown[0]!r} is not in the vocabulary {list(task.vocabulary)}")
    said = predict(torch.tensor([[task.vocabulary.index(name) for name in names]]))[0]
    return dict(zip(task.outputs, said.exp().tolist(), strict=True))


def loss(task: Task, said: Float[Tensor, "*runs inputs outputs"]) -> Float[Tensor, "*runs"]:
    """The mean over all inputs of minus the log-probability of what follows, in nats."""
    costs = torch.where(task.answer > 0, -task.answer * said, 0.0)  # 0 times minus infinity is 0
    return (task.chance * costs.sum(dim=-1)).sum(dim=-1)


def bayes(task: Task) -> float:
    """The loss of who knows the task and sees no more than the input, in nats: its entropy."""
    return float(-(task.chance * torch.xlogy(task.answer, task.answer).sum(dim=-1)).sum())


def divergence(
    answer: Float[Tensor, "inputs outputs"], said: Float[Tensor, "*runs inputs outputs"]
) -> Float[Tensor, "*runs inputs"]:
    """How far what is said of each input is from what follows it, in nats."""
    return torch.where(answer > 0, answer * (answer.log() - said), 0.0).sum(dim=-1)


def gap(task: Task, said: Float[Tensor, "*runs inputs outputs"]) -> Float[Tensor, "*runs"]:
    """The loss above that of who knows the task, in nats: the mean divergence from the truth."""
    return loss(task, said) - bayes(task)


def noisy(answer: str, outputs: Sequence[str], noise: float) -> dict[str, float]:
    """This answer, but with probability `noise` any of the outputs, all equally likely.

    Raises:
        ValueError: the noise is no probability.
    """
    if not 0 <= noise <= 1:
        raise ValueError(f"noise must lie from 0 to 1, not {noise}")
    spread = {name: noise / len(outputs) for name in outputs}
    return spread | {answer: 1 - noise + spread[answer]}


FILLERS = ("x", "y")


def exclusive_or(noise: float = 0.0) -> Task:
    """Is exactly one of A and B among the earlier tokens?

    Four tokens come before: A or a filler, B or a filler, that filler, and one of two fillers;
    every choice is even. So no filler tells of A or B what the other does not: not by its number,
    its presence or its share.
    """
    outputs = ("no", "yes")

    def draws() -> Iterator[Draw]:
        for a, b, filler in product(("A", "x"), ("B", "x"), FILLERS):
            right = noisy(outputs[(a == "A") ^ (b == "B")], outputs, noise)
            yield Draw((a, b, "x", filler), "?", right, 1 / 8)

    return gathered(("A", "B", *FILLERS, "?"), outputs, draws())


def keep_in_mind(surely: float = 0.95) -> Task:
    """What follows "in" and "at", if "keep" came before and if it did not.

    After "keep ... in" it is "mind", after "keep ... at" it is "bay", with probability `surely`;
    without "keep" either is as likely. Three fillers stand before the destination in any case, and
    "keep" is put in with probability 1/2, so that nothing but itself tells of it.

    Source: Elhage et al. (2021), whose example this is.
    """
    outputs = ("mind", "bay")

    def draws() -> Iterator[Draw]:
        for fillers, (destination, fitting) in product(
            product(FILLERS, repeat=3), (("in", "mind"), ("at", "bay"))
        ):
            chance = 1 / (2 * len(FILLERS) ** 3)
            (other,) = set(outputs) - {fitting}
            kept = {fitting: surely, other: 1 - surely}
            yield Draw(("keep", *fillers), destination, kept, chance / 2)
            yield Draw(fillers, destination, dict.fromkeys(outputs, 0.5), chance / 2)

    return gathered(("keep", *FILLERS, "in", "at"), outputs, draws())


def keep_or_else(noise: float = 0.15) -> Task:
    """The same with a third word: without "keep" something else follows, and seldom either.

    After "keep ... in" it is "mind", after "keep ... at" it is "bay", and otherwise "else". So
    "keep" can make both words likelier at once, which with two answers nothing can.
    """
    outputs = ("mind", "bay", "else")

    def draws() -> Iterator[Draw]:
        for fillers, (destination, fitting) in product(
            product(FILLERS, repeat=3), (("in", "mind"), ("at", "bay"))
        ):
            chance = 1 / (4 * len(FILLERS) ** 3)
            yield Draw(("keep", *fillers), destination, noisy(fitting, outputs, noise), chance)
            yield Draw(fillers, destination, noisy("else", outputs, noise), chance)

    return gathered(("keep", *FILLERS, "in", "at"), outputs, draws())


def incoherent(noise: float = 0.0, destinations: int = 4) -> Task:
    """Each destination has an answer of its own, but only if the common token came before.

    Three earlier tokens are drawn from all but the common one, "0"; with probability 1/2 it then
    takes the place of one of them. Without it every answer is equally likely.

    Source: Jermyn, Olah and Henighan (2023), whose skip trigrams [0] ... [B] -> [C] these are.
    """
    names = tuple(f"B{i}" for i in range(1, destinations + 1))
    outputs = tuple(f"C{i}" for i in range(1, destinations + 1))
    others = (*names, *FILLERS)

    def draws() -> Iterator[Draw]:
        for context in product(others, repeat=3):
            for destination, fitting in zip(names, outputs, strict=True):
                chance = 1 / (len(others) ** 3 * destinations)
                even = dict.fromkeys(outputs, 1 / destinations)
                yield Draw(context, destination, even, chance / 2)
                right = noisy(fitting, outputs, noise)
                yield Draw(("0", *context[1:]), destination, right, chance / 2)

    return gathered(("0", *others), outputs, draws())


def coherent(noise: float = 0.0, signals: int = 4, fillers: int = 7) -> Task:
    """Which two signals came before, in whatever order? Each unordered pair is an answer.

    Two signals and two fillers are drawn, each kind evenly and independently; the destination is
    always the same. A pair of equal signals is half as likely as one of different ones.

    Source: Greenspan and Wynroe, by the comment on their post: the post could not be read in full.
    """
    names = tuple(str(i) for i in range(1, signals + 1))
    others = tuple(f"x{i}" for i in range(1, fillers + 1))
    pairs = [(a, b) for a, b in product(names, repeat=2) if a <= b]
    outputs = tuple(a + b for a, b in pairs)

    def draws() -> Iterator[Draw]:
        for a, b in product(names, repeat=2):
            right = noisy("".join(sorted((a, b))), outputs, noise)
            for noise_tokens in product(others, repeat=2):
                yield Draw((a, b, *noise_tokens), "0", right, 1 / (signals**2 * fillers**2))

    return gathered(("0", *names, *others), outputs, draws())


TASKS: dict[str, Callable[..., Task]] = {
    "exclusive or": exclusive_or,
    "keep in mind": keep_in_mind,
    "keep or else": keep_or_else,
    "incoherent": incoherent,
    "coherent": coherent,
}
