"""What a question costs, forward, in floating-point operations: a product of sums counts two.

Counted are products of matrices and the sums of a look-up; what is done number by number, such as
a ReLU or a softmax, is not. Backward costs twice as much.
"""

from .training import Addition

POSITIONS = 3  # a, b, =


def as_written(net: Addition) -> int:
    """All of the network at all three positions, as most would write it."""
    width = net.n_heads * net.d_head
    heads = 4 * net.d_model * width + 2 * POSITIONS * width
    mlp = 2 * net.d_model * net.d_mlp
    return 2 * POSITIONS * (heads + mlp + net.d_model * (net.p + 1))


def only_asked(net: Addition) -> int:
    """Keys and values of all three positions, and all else only at the last."""
    width = net.n_heads * net.d_head
    heads = (2 * POSITIONS + 2) * net.d_model * width + 2 * POSITIONS * width
    return 2 * (heads + 2 * net.d_model * net.d_mlp + net.d_model * (net.p + 1))


def tabled(net: Addition) -> int:
    """The look-ups of both numbers in every head, and the product with W_L."""
    look_ups = 2 * net.n_heads * (net.d_mlp + net.p + 1)
    return 2 * (look_ups + net.d_mlp * (net.p + 1))


def tables(net: Addition) -> int:
    """All tables of a step, but for what is worked out for "=" alone."""
    width, parts, to = net.n_heads * net.d_head, net.p + 2, net.d_mlp + net.p + 1
    scores, carried = parts * net.d_model * net.n_heads, parts * net.d_model * width
    values = width * net.d_model * to + parts * width * to
    return 2 * (scores + carried + values + net.d_mlp * net.d_model * (net.p + 1))


def folding_pays_below(net: Addition) -> float:
    """From which d_vocab on W_out and then W_U would cost less than W_L = W_out W_U."""
    spared = 1 / net.d_model - 1 / net.d_mlp
    return 1 / spared if spared > 0 else float("inf")
