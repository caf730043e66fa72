"""The numbers of "What has it understood?", each by a second road: the weights as they lie."""

from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from workings.grokking.claims import what_it_understood

MAINLINE = Path(__file__).parents[2] / "results" / "grokking" / "mainline"
P = 113
A, B, C = np.ogrid[:P, :P, :P]
RIGHT = (A + B) % P


def middle(values) -> float:
    return sorted(values)[len(values) // 2]


def loss(logits) -> float:
    """Of every pair, by how far each answer lies below the right one."""
    below = logits - np.take_along_axis(logits, RIGHT, axis=2)
    others = np.where(RIGHT == C, 0, np.exp(below)).sum(axis=2)
    return float(np.log1p(others).mean())


def right(logits) -> float:
    return float((logits.argmax(axis=2) == RIGHT[..., 0]).mean())


def strong_frequencies(power, times: float) -> list[int]:
    above = power[1:] / power[1:].mean() > times
    return [k + 1 for k, strong in enumerate(above) if strong]


def power_along(rows) -> np.ndarray:
    """By frequency, from its cosines and sines written out; rows are numbers."""
    angle = 2 * np.pi / P * np.outer(np.arange(P // 2 + 1), np.arange(P))
    waves = np.square(np.cos(angle) @ rows) + np.square(np.sin(angle) @ rows)
    power = waves.sum(axis=1) * 2 / P
    power[0] /= 2
    return power


def forward(w, a, b):
    """The transformer on its three tokens, as a textbook has it: attention, neurons, logits."""
    tokens = np.stack([a, b, np.full_like(a, P)], axis=1)
    x = w["W_E"][tokens] + w["W_pos"]
    query = np.einsum("nd,hde->nhe", x[:, 2], w["W_Q"])
    key = np.einsum("ntd,hde->nhte", x, w["W_K"])
    score = np.einsum("nhe,nhte->nht", query, key) / np.sqrt(w["W_Q"].shape[2])
    weight = np.exp(score - score.max(axis=2, keepdims=True))
    attention = weight / weight.sum(axis=2, keepdims=True)
    value = np.einsum("ntd,hde->nhte", x, w["W_V"])
    mixed = np.einsum("nht,nhte->nhe", attention, value)
    middle = x[:, 2] + np.einsum("nhe,hed->nd", mixed, w["W_O"])
    neurons = np.maximum(middle @ w["W_in"] + w["b_in"], 0)
    logits = (middle + w["b_out"] + neurons @ w["W_out"]) @ w["W_U"][:, :P]
    return attention[:, :, 0], neurons, logits


def single_share(values) -> np.ndarray:
    """Of each thing, the largest share of its variance that one frequency has, by 2D transform."""
    power = np.square(np.abs(np.fft.fft2(values.reshape(P, P, -1), axes=(0, 1))))
    power[0, 0] = 0
    whole = power.sum(axis=(0, 1))
    shares = [
        sum(power[i, j] for i in (0, k, P - k) for j in (0, k, P - k)) for k in range(1, P // 2 + 1)
    ]
    return np.max(shares, axis=0) / whole


def without_waves_of_sum(logits, keys):
    """By sum, and then least squares on cosines and sines."""
    total = (A + B)[..., 0] % P
    by_sum = np.stack([logits[total == s].mean(axis=0) for s in range(P)])
    angle = 2 * np.pi / P * np.outer(np.arange(P), keys)
    design = np.concatenate([np.cos(angle), np.sin(angle)], axis=1)
    fitted = design @ np.linalg.lstsq(design, by_sum, rcond=None)[0]
    return logits - fitted[total]


@cache
def found(seed: int) -> SimpleNamespace:
    with np.load(MAINLINE / f"seed-{seed}.npz") as arrays:
        w = {name: arrays[name].astype(float) for name in arrays}
    a, b = (each.ravel() for each in np.mgrid[:P, :P])
    attention, neurons, logits = forward(w, a, b)
    logits = logits.reshape(P, P, P)
    out = w["W_out"] @ w["W_U"][:, :P]
    power_out, power_in = power_along(out.T), power_along(w["W_E"][:P])
    keys = strong_frequencies(power_out, what_it_understood.key_threshold.value)

    waves = [np.cos(2 * np.pi * k / P * (A + B - C)) for k in keys]
    sizes = [float((logits * wave).sum() / np.square(wave).sum()) for wave in waves]
    identity = sum(size * wave for size, wave in zip(sizes, waves, strict=True))
    spread = np.square(logits - logits.mean(axis=(0, 1))).sum()

    angle = 2 * np.pi / P * np.outer(np.arange(P), keys)
    directions = out @ np.concatenate([np.cos(angle), np.sin(angle)], axis=1)
    fitted = np.linalg.lstsq(directions, neurons.T, rcond=None)[0]
    across = neurons - (directions @ fitted).T
    off = (across @ out).reshape(P, P, P)
    said = (neurons @ out).reshape(P, P, P)
    direct = logits - said
    return SimpleNamespace(
        keys=keys,
        sure=keys == strong_frequencies(power_out, 1) == strong_frequencies(power_out, 4),
        of_W_L=power_out[keys].sum() / power_out[1:].sum(),
        of_W_E=power_in[keys].sum() / power_in[1:].sum(),
        neurons=int((single_share(neurons) > what_it_understood.single_share.value).sum()),
        heads=int((single_share(attention) > what_it_understood.single_share.value).sum()),
        n_heads=attention.shape[1],
        loss=loss(logits),
        share=float(np.square(identity).sum() / spread),
        identity_loss=loss(identity),
        without_all=right(without_waves_of_sum(logits, keys)),
        without_one=[right(without_waves_of_sum(logits, [k])) for k in keys],
        along_loss=loss(direct + said - off),
        rest_loss=loss(direct + off),
        strongest=float(power_out[1:].max() / power_out[1:].mean()),
    )


def of_all(name: str) -> list:
    return [getattr(found(seed), name) for seed in range(len(list(MAINLINE.glob("seed-*.npz"))))]


@cache
def snapshots() -> dict[str, np.ndarray]:
    with np.load(MAINLINE / "progress.npz") as arrays:
        return dict(arrays)


def at(step: int, name: str) -> np.ndarray:
    return snapshots()[name][:, np.flatnonzero(snapshots()["step"] == step)[0]]


def standing_out(step: int) -> float:
    power = at(step, "power_W_L")[:, 1:].astype(float)
    return float((power.max(axis=1) * (P // 2) / power.sum(axis=1)).max())


def built(p: int, a: int, b: int, neurons: int) -> np.ndarray:
    """The logits of the network by hand, in a loop."""
    logits = np.zeros(p)
    for n in range(neurons):
        phase, w = 2 * np.pi * n / neurons, 2 * np.pi / p
        heard = max(np.cos(w * a + phase) + np.cos(w * b + phase), 0)
        logits += 3 * np.pi / (2 * neurons) * heard * np.cos(w * np.arange(p) + 2 * phase)
    return logits


def built_right(neurons: int) -> float:
    good = [built(P, a, b, neurons).argmax() == (a + b) % P for a in range(P) for b in range(P)]
    return float(np.mean(good))


@cache
def by_hand() -> np.ndarray:
    numbers = [what_it_understood.hand_a.value, what_it_understood.hand_b.value]
    return built(what_it_understood.hand_modulus.value, *numbers, 5)


def test_hand_answer():
    total = what_it_understood.hand_a.value + what_it_understood.hand_b.value
    expected = total % what_it_understood.hand_modulus.value
    assert what_it_understood.hand_answer.value == expected == by_hand().argmax()


def test_hand_logit():
    assert what_it_understood.hand_logit.value == pytest.approx(by_hand().max(), abs=1e-12)


def test_hand_runner_up():
    assert what_it_understood.hand_runner_up.value == pytest.approx(sorted(by_hand())[-2])


def test_built_right():
    assert what_it_understood.built_right.value == built_right(5)


def test_built_right_with_one_less():
    """Four phases double to two opposite ones: all votes are ± cos wc, the same for c and -c."""
    said = [built(P, a, b, 4) for a in range(0, P, 7) for b in range(0, P, 5)]
    assert np.stack(said)[:, 1:] == pytest.approx(np.stack(said)[:, :0:-1])
    only_zero = sum((a + b) % P == 0 for a in range(P) for b in range(P)) / P**2
    assert what_it_understood.built_right_with_one_less.value == pytest.approx(only_zero)


def test_keys_least():
    assert what_it_understood.keys_least.value == min(map(len, of_all("keys")))


def test_keys_median():
    assert what_it_understood.keys_median.value == middle([len(keys) for keys in of_all("keys")])


def test_keys_most():
    assert what_it_understood.keys_most.value == max(map(len, of_all("keys")))


def test_keys_in_all():
    """The snapshots marked them as well."""
    assert what_it_understood.keys_in_all.value == sum(map(len, of_all("keys")))
    assert what_it_understood.keys_in_all.value == snapshots()["key"].sum()


def test_seeds_with_sure_keys():
    assert what_it_understood.seeds_with_sure_keys.value == sum(of_all("sure"))


def test_keys_share_of_W_L_least():
    exact = min(of_all("of_W_L"))
    assert what_it_understood.keys_share_of_W_L_least.value == pytest.approx(exact)


def test_keys_share_of_W_E_least():
    exact = min(of_all("of_W_E"))
    assert what_it_understood.keys_share_of_W_E_least.value == pytest.approx(exact)


def test_neurons_of_one_least():
    assert what_it_understood.neurons_of_one_least.value == min(of_all("neurons"))


def test_neurons_of_one_median():
    assert what_it_understood.neurons_of_one_median.value == middle(of_all("neurons"))


def test_neurons_of_one_most():
    assert what_it_understood.neurons_of_one_most.value == max(of_all("neurons"))


def test_heads_of_one():
    assert what_it_understood.heads_of_one.value == sum(of_all("heads"))


def test_heads_in_all():
    assert what_it_understood.heads_in_all.value == sum(of_all("n_heads"))


def test_identity_share_least():
    exact = min(of_all("share"))
    assert what_it_understood.identity_share_least.value == pytest.approx(exact, rel=1e-9)


def test_identity_share_median():
    exact = middle(of_all("share"))
    assert what_it_understood.identity_share_median.value == pytest.approx(exact, rel=1e-9)


def test_identity_share_most():
    exact = max(of_all("share"))
    assert what_it_understood.identity_share_most.value == pytest.approx(exact, rel=1e-9)


def test_circuit_loss_least():
    exact = min(of_all("loss"))
    assert what_it_understood.circuit_loss_least.value == pytest.approx(exact, rel=1e-6)


def test_circuit_loss_median():
    exact = middle(of_all("loss"))
    assert what_it_understood.circuit_loss_median.value == pytest.approx(exact, rel=1e-6)


def test_circuit_loss_most():
    exact = max(of_all("loss"))
    assert what_it_understood.circuit_loss_most.value == pytest.approx(exact, rel=1e-6)


def test_identity_loss_least():
    exact = min(of_all("identity_loss"))
    assert what_it_understood.identity_loss_least.value == pytest.approx(exact, rel=1e-6)


def test_identity_loss_median():
    exact = middle(of_all("identity_loss"))
    assert what_it_understood.identity_loss_median.value == pytest.approx(exact, rel=1e-6)


def test_identity_loss_most():
    exact = max(of_all("identity_loss"))
    assert what_it_understood.identity_loss_most.value == pytest.approx(exact, rel=1e-6)


def test_identity_better_alone():
    pairs = zip(of_all("identity_loss"), of_all("loss"), strict=True)
    assert what_it_understood.identity_better_alone.value == sum(
        alone < all_ for alone, all_ in pairs
    )


def test_right_without_keys_most():
    exact = max(of_all("without_all"))
    assert what_it_understood.right_without_keys_most.value == pytest.approx(exact, abs=1e-4)


def test_keys_to_spare():
    spared = [share for shares in of_all("without_one") for share in shares if share == 1]
    assert what_it_understood.keys_to_spare.value == len(spared)


def test_right_without_one_least():
    exact = min(share for shares in of_all("without_one") for share in shares)
    assert what_it_understood.right_without_one_least.value == pytest.approx(exact, abs=1e-4)


def test_along_W_L_loss_least():
    exact = min(of_all("along_loss"))
    assert what_it_understood.along_W_L_loss_least.value == pytest.approx(exact, rel=1e-6)


def test_along_W_L_loss_median():
    exact = middle(of_all("along_loss"))
    assert what_it_understood.along_W_L_loss_median.value == pytest.approx(exact, rel=1e-6)


def test_along_W_L_loss_most():
    exact = max(of_all("along_loss"))
    assert what_it_understood.along_W_L_loss_most.value == pytest.approx(exact, rel=1e-6)


def test_along_W_L_raises():
    pairs = zip(of_all("along_loss"), of_all("loss"), strict=True)
    assert what_it_understood.along_W_L_raises.value == sum(along > all_ for along, all_ in pairs)


def test_rest_of_W_L_loss_least():
    exact = min(of_all("rest_loss"))
    assert what_it_understood.rest_of_W_L_loss_least.value == pytest.approx(exact, rel=1e-6)


def test_strongest_at_start_most():
    exact = standing_out(0)
    assert what_it_understood.strongest_at_start_most.value == pytest.approx(exact, rel=1e-5)


def test_strongest_memorizing_most():
    exact = standing_out(what_it_understood.memorizing_step.value)
    assert what_it_understood.strongest_memorizing_most.value == pytest.approx(exact, rel=1e-5)


def test_strongest_at_end_least():
    exact = min(of_all("strongest"))
    assert what_it_understood.strongest_at_end_least.value == pytest.approx(exact, rel=1e-5)


def test_explained_memorizing_most():
    exact = at(what_it_understood.memorizing_step.value, "explained").max()
    assert what_it_understood.explained_memorizing_most.value == pytest.approx(exact)


@cache
def drawn(p: int, width: int) -> list[float]:
    """Logits by the expanded square, for the same draws: one table for each wave."""
    shares = []
    for seed in range(what_it_understood.closed_draws.value):
        rng = np.random.default_rng(seed)
        w = 2 * np.pi / p * rng.integers(1, p // 2 + 1, width)
        first, second = rng.uniform(0, 2 * np.pi, (2, width))
        n = np.arange(p)[:, None]
        u, v, out = np.cos(w * n + first), np.cos(w * n + second), np.cos(w * n + first + second)
        logits = (u**2 @ out.T)[:, None] + (v**2 @ out.T) + 2 * np.einsum(
            "an,bn,cn->abc", u, v, out, optimize=True
        )  # fmt: skip
        shares.append(float((logits.argmax(2) == (n + n.T) % p).mean()))
    return shares


def narrow() -> list[float]:
    return [s for p in (97, P) for s in drawn(p, what_it_understood.closed_narrow.value)]


def test_closed_narrow_least():
    assert what_it_understood.closed_narrow_least.value == pytest.approx(min(narrow()), abs=1e-4)


def test_closed_narrow_most():
    assert what_it_understood.closed_narrow_most.value == pytest.approx(max(narrow()), abs=1e-4)


def test_closed_wide_least():
    wide = [s for p in (97, P) for s in drawn(p, what_it_understood.closed_wide.value)]
    assert what_it_understood.closed_wide_least.value == min(wide)


def test_closed_fewest():
    """Evenly spread phases leave cos w(a + b - c) alone when there are three; fewer leave more."""

    def evenly(n: int) -> float:
        phase = 2 * np.pi / n * np.arange(n)
        waves = np.cos(2 * np.pi / P * np.arange(P)[:, None] + phase)
        out = np.cos(2 * np.pi / P * np.arange(P)[:, None] + 2 * phase)
        return right(np.square(waves[:, None] + waves) @ out.T)

    fewest = what_it_understood.closed_fewest.value
    assert evenly(fewest) == 1
    assert all(evenly(n) < 1 for n in range(1, fewest))
