"""Training steps of one small network of `ensemble`, compiled by numba.

The questions go through in tiles, so that all a tile needs stays in a core's own cache. A step is
three products, like nearly all training, and they are too small for a library of products: here
each is a loop that keeps eight sums, or eight factors, in registers, and runs along the neurons.

Indices are unsigned: of a signed one, numba has to ask each time whether it counts from the end.
"""

import math

import numpy as np

from .kernels import compiled
from .tasks import Questions

TILE = 64  # questions
SERIES = tuple(1 / math.factorial(n) for n in range(9, -1, -1))  # of e to the x
ZERO, ONE, TWO, THREE, FOUR = map(np.uintp, range(5))


@compiled
def advance(network, shown, square, cross_entropy, adamw, done, steps):
    """So many steps further, after so many are done; in place."""
    gradient = np.empty_like(network.weights)
    for step in range(done + 1, done + steps + 1):
        find_gradient(network.weights, shown, square, cross_entropy, gradient)
        update(network, gradient, adamw, step)


@compiled
def find_gradient(weights, shown, square, cross_entropy, gradient):
    """The gradient of the mean loss, by tiles of questions."""
    p, d_mlp = weights.shape[1:]
    W = by_fours(weights[2])
    d_W = np.zeros_like(W)
    neurons = np.zeros((TILE, d_mlp), weights.dtype)
    back = np.empty_like(neurons)
    logits = np.zeros((len(W), TILE), weights.dtype)
    gradient[:] = 0
    for start in range(0, len(shown.a), TILE):
        tile = part(shown, start)
        n = len(tile.a)
        whole = n + -n % 4
        look_up(weights, tile, square, neurons)
        dots(W, neurons[:whole], logits)
        if cross_entropy:
            cross_entropy_slope(logits, tile.answer, p, len(shown.a))
        else:
            square_error_slope(logits, tile.answer, p, len(shown.a))
        logits[:, n:] = 0
        add_product(logits[:, :whole], neurons[:whole], d_W)
        back[:] = 0
        add_product(logits[:, :whole].T, W, back)
        give_back(weights, tile, square, neurons, back, gradient)
    gradient[2] = d_W[:p]


@compiled
def score(weights, questions, square, cross_entropy):
    """Mean loss, and share of right answers."""
    p, d_mlp = weights.shape[1:]
    W = by_fours(weights[2])
    neurons = np.zeros((TILE, d_mlp), weights.dtype)
    logits = np.zeros((len(W), TILE), weights.dtype)
    loss, right = 0.0, 0
    for start in range(0, len(questions.a), TILE):
        tile = part(questions, start)
        look_up(weights, tile, square, neurons)
        dots(W, neurons, logits)
        if not cross_entropy:
            for q in range(len(tile.a)):
                for c in range(p):
                    loss += (logits[c, q] - (c == tile.answer[q])) ** 2 / p
        lead, others = odds(logits, tile.answer, p)
        for q in range(len(tile.a)):
            right += lead[q] > 0
            if cross_entropy:
                margin = lead[q] - math.log(others[q])
                loss += max(-margin, 0) + math.log1p(math.exp(-abs(margin)))
    return loss / len(questions.a), right / len(questions.a)


@compiled
def by_fours(matrix):
    """The matrix with rows of zeros below, as the products take four rows at once."""
    rows, columns = matrix.shape
    more = np.zeros((rows + -rows % 4, columns), matrix.dtype)
    more[:rows] = matrix
    return more


@compiled
def part(questions, start):
    """A tile of the questions."""
    a, b, answer = questions
    end = start + TILE
    return Questions(a[start:end], b[start:end], answer[start:end])


@compiled
def look_up(weights, tile, square, neurons):
    """The neurons' output."""
    zero = neurons.dtype.type(0)
    for q in range(len(tile.a)):
        from_a, from_b, into = weights[ZERO, tile.a[q]], weights[ONE, tile.b[q]], neurons[q]
        for f in range(len(into)):
            total = from_a[f] + from_b[f]
            into[f] = total * total if square else max(total, zero)


@compiled
def give_back(weights, tile, square, neurons, back, gradient):
    """From the gradient at the neurons' output to those of what was looked up."""
    zero = neurons.dtype.type(0)
    for q in range(len(tile.a)):
        a, b = tile.a[q], tile.b[q]
        from_a, from_b, output, slope = weights[ZERO, a], weights[ONE, b], neurons[q], back[q]
        to_a, to_b = gradient[ZERO, a], gradient[ONE, b]
        for f in range(len(slope)):
            if square:
                half = slope[f] * (from_a[f] + from_b[f])
                change = half + half
            else:
                change = slope[f] if output[f] > zero else zero
            at_a, at_b = to_a[f] + change, to_b[f] + change
            to_a[f], to_b[f] = at_a, at_b


@compiled
def dots(left, right, into):
    """into[i, j] = left[i] · right[j], for four i and two j at once."""
    for i in range(ZERO, np.uintp(len(left)), FOUR):
        i0, i1, i2, i3 = left[i], left[i + ONE], left[i + TWO], left[i + THREE]
        for j in range(ZERO, np.uintp(len(right)), TWO):
            j0, j1 = right[j], right[j + ONE]
            s00 = s01 = s10 = s11 = s20 = s21 = s30 = s31 = into.dtype.type(0)
            for k in range(left.shape[1]):
                s00 += i0[k] * j0[k]
                s01 += i0[k] * j1[k]
                s10 += i1[k] * j0[k]
                s11 += i1[k] * j1[k]
                s20 += i2[k] * j0[k]
                s21 += i2[k] * j1[k]
                s30 += i3[k] * j0[k]
                s31 += i3[k] * j1[k]
            into[i, j], into[i, j + ONE] = s00, s01
            into[i + ONE, j], into[i + ONE, j + ONE] = s10, s11
            into[i + TWO, j], into[i + TWO, j + ONE] = s20, s21
            into[i + THREE, j], into[i + THREE, j + ONE] = s30, s31


@compiled
def add_product(left, right, into):
    """into += left @ right, for two rows of `into` and four of `right` at once."""
    for i in range(ZERO, np.uintp(len(left)), TWO):
        into0, into1 = into[i], into[i + ONE]
        for k in range(ZERO, np.uintp(len(right)), FOUR):
            k0, k1, k2, k3 = right[k], right[k + ONE], right[k + TWO], right[k + THREE]
            x0, x1 = left[i, k], left[i, k + ONE]
            x2, x3 = left[i, k + TWO], left[i, k + THREE]
            y0, y1 = left[i + ONE, k], left[i + ONE, k + ONE]
            y2, y3 = left[i + ONE, k + TWO], left[i + ONE, k + THREE]
            for j in range(len(into0)):
                r0, r1, r2, r3 = k0[j], k1[j], k2[j], k3[j]
                sum0 = into0[j] + x0 * r0 + x1 * r1 + x2 * r2 + x3 * r3
                sum1 = into1[j] + y0 * r0 + y1 * r1 + y2 * r2 + y3 * r3
                into0[j], into1[j] = sum0, sum1


@compiled
def odds(logits, answer, p):
    """How the answer stands against the others.

    Returns:
        Its lead over the best of the others, and the others' sum in odds to that best one. The
        logits become these odds, of the answer none (1e-38).
    """
    lead = np.zeros(TILE, logits.dtype)
    others = np.zeros(TILE, logits.dtype)
    best = np.full(TILE, -np.inf, logits.dtype)
    for q in range(len(answer)):
        lead[q] = logits[answer[q], q]
        logits[answer[q], q] = -np.inf
    for c in range(p):
        row = logits[c]
        for q in range(TILE):
            best[q] = max(best[q], row[q])
    for c in range(p):
        row = logits[c]
        for q in range(TILE):
            row[q] = exp(row[q] - best[q])
            others[q] += row[q]
    for q in range(len(answer)):
        lead[q] -= best[q]
    return lead, others


@compiled
def cross_entropy_slope(logits, answer, p, n):
    """The logits become their gradient of the mean over n; p - 1 is never taken."""
    lead, others = odds(logits, answer, p)
    scale = np.empty_like(others)
    for q in range(TILE):
        scale[q] = 1 / ((others[q] + math.exp(lead[q])) * n)
    for c in range(p):
        row = logits[c]
        for q in range(TILE):
            row[q] *= scale[q]
    for q in range(len(answer)):
        logits[answer[q], q] = -others[q] * scale[q]


@compiled
def square_error_slope(logits, answer, p, n):
    """The logits become their gradient of the mean over n questions and p answers."""
    for q in range(len(answer)):
        logits[answer[q], q] -= 1
    scale = logits.dtype.type(2 / (n * p))
    for c in range(p):
        row = logits[c]
        for q in range(TILE):
            row[q] *= scale


@compiled
def exp(x):
    """e to the x, of x from -87 up to 0 (below, as of -87), right to 1e-13.

    By its series at x / 1024, squared ten times: in a loop, eight of them are found at once.
    """
    x = max(np.float64(x), -87.0) / 1024
    y = 0.0
    for coefficient in SERIES:
        y = y * x + coefficient
    for _ in range(10):
        y *= y
    return y


@compiled
def update(network, gradient, adamw, step):
    """A step of AdamW (Loshchilov and Hutter, 2019), the first of which is step 1."""
    weights, first, second = network
    weights, first, second = weights.ravel(), first.ravel(), second.ravel()
    number = weights.dtype.type
    kept = number(1 - adamw.lr * adamw.weight_decay)
    rate = number(adamw.lr / (1 - adamw.beta1**step))
    unbiased = number(1 / math.sqrt(1 - adamw.beta2**step))
    beta1, beta2, eps = number(adamw.beta1), number(adamw.beta2), number(adamw.eps)
    new1, new2 = number(1 - adamw.beta1), number(1 - adamw.beta2)
    slope = gradient.ravel()
    for i in range(len(slope)):
        first[i] = beta1 * first[i] + new1 * slope[i]
        second[i] = beta2 * second[i] + new2 * slope[i] * slope[i]
        root = math.sqrt(second[i]) * unbiased + eps
        weights[i] = kept * weights[i] - rate * first[i] / root
