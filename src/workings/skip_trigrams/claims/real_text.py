"""The numbers of "How much of a real text model is skip trigrams?"."""

from collections.abc import Sequence
from fractions import Fraction
from statistics import mean, median

from ...claims import computed, given
from .. import imitation, language, text
from ..experiments import TEXT
from ..imitation import Imitation
from ..tables import Table

CHARACTERS, WORDS = ("character", False), ("word", False)
PLACED_CHARACTERS, PLACED_WORDS = ("character", True), ("word", True)
KINDS = {
    CHARACTERS: "characters",
    WORDS: "words",
    PLACED_CHARACTERS: "characters, with positions",
    PLACED_WORDS: "words, with positions",
}
Kind = tuple[str, bool]
ODDS, PLACES = 9, 4  # of the head by hand: how much it prefers its token, and its context


def of(kind: Kind, field: str) -> list:
    """What is kept of each network of a kind, by seed."""
    rows = imitation.kept()
    return [row[field] for row in rows if (row["level"], row["positions"]) == kind]


def captured(kind: Kind, table: str) -> list[float]:
    """The share of its context effect that a table captures, of each network of a kind."""
    return [1 - each[table] / each["bigram"] for each in of(kind, "divergence")]


def shares() -> dict[str, dict[str, list[float]]]:
    """Every network's shares, by kind and table, as the figure wants them."""
    return {
        label: {
            name: captured(kind, name) for name in of(kind, "divergence")[0] if name != "bigram"
        }
        for kind, label in KINDS.items()
    }


def captured_of_all_lengths(table: str) -> list[float]:
    """The same of the networks on characters, on contexts of every length."""
    rows = [row["divergence"] for row in imitation.kept("lengths")]
    return [1 - row[table] / row["bigram"] for row in rows]


def agreed(kind: Kind, table: str) -> float:
    """The mean share of contexts in which network and table have the same first choice."""
    return mean(each[table] for each in of(kind, "agreement"))


def learned(level: str) -> dict[str, float]:
    """The loss of tables that learned from the text itself, in nats."""
    (row,) = (row for row in imitation.kept("language") if row["level"] == level)
    return row["loss"]


def paragraphs() -> tuple[list[str], list[str]]:
    """Every paragraph of the text as often as it is printed, and each once."""
    printed = [
        " ".join(paragraph.split()).lower()
        for topic in text.topics().values()
        for paragraph in topic.split("\n\n")
    ]
    return printed, list(dict.fromkeys(printed))


def attention_to(count: int, odds: int = ODDS) -> Fraction:
    """What the head by hand pays to its token, if it stands so many times in the context."""
    return Fraction(odds * count, odds * count + PLACES - count)


def by_odds() -> dict[int, list[float]]:
    """The same for every number of them, of an even head and of the one by hand."""
    return {
        odds: [float(attention_to(count, odds)) for count in range(PLACES + 1)]
        for odds in (1, ODDS)
    }


def shown(written: str, table: Table, first: int = 4) -> list[tuple[str, float, float]]:
    """The likeliest pieces after a text, by network and by table, rounded."""
    nexts = imitation.continued(written, table)[:first]
    return [(each.piece, round(each.network, 2), round(each.table, 2)) for each in nexts]


def least_and_most(values: Sequence[float]) -> tuple[float, float]:
    """The ends of what the seeds span."""
    return min(values), max(values)


@given("d")
def text_networks() -> int:
    """Networks of each kind, from as many starts."""
    return len(TEXT[CHARACTERS].recipe.seeds)


@given("d")
def text_heads() -> int:
    """The heads of each network."""
    return TEXT[CHARACTERS].recipe.n_heads


@given("d")
def text_context() -> int:
    """The tokens that a network sees, the destination counted."""
    return TEXT[CHARACTERS].recipe.n_ctx


@given(",d")
def text_steps() -> int:
    """The steps for which each network is trained."""
    return TEXT[CHARACTERS].recipe.steps


@given("d")
def characters_known() -> int:
    """The characters that are tokens of their own, and one token for all others."""
    return TEXT[CHARACTERS].recipe.d_vocab


@given("d")
def words_known() -> int:
    """The words and marks that are tokens of their own, and one token for all others."""
    return TEXT[WORDS].recipe.d_vocab


@given(".0%")
def text_held_out() -> float:
    """The share of the text, at most, whose sections nobody learns from."""
    return TEXT[CHARACTERS].recipe.frac_held_out


@given(",d")
def text_contexts_fitted() -> int:
    """The contexts on which tables learn what a network says."""
    return Imitation().fitted


@given(",d")
def text_contexts_measured() -> int:
    """The contexts from held-out sections on which table and network are compared."""
    return Imitation().measured


@given("d")
def comma_odds() -> int:
    """How much more attention the head by hand pays to its token than to any other."""
    return ODDS


@given("d")
def comma_places() -> int:
    """The tokens in its context."""
    return PLACES


@computed("frac")
def comma_first() -> Fraction:
    """What the first of its tokens gets of the attention of the head by hand."""
    return attention_to(1)


@computed("frac")
def comma_second() -> Fraction:
    """What the second one adds to that."""
    return attention_to(2) - attention_to(1)


@computed("d")
def text_topics() -> int:
    """The topics of the documentation."""
    return len(text.topics())


@computed(",d")
def text_characters() -> int:
    """The characters of the text as the networks see it."""
    corpus = language.corpus_of(TEXT[CHARACTERS].recipe)
    return len(corpus.train) + len(corpus.held_out)


@computed(",d")
def text_words() -> int:
    """Its words and marks."""
    corpus = language.corpus_of(TEXT[WORDS].recipe)
    return len(corpus.train) + len(corpus.held_out)


@computed(".0%")
def text_repeated() -> float:
    """The share of the documentation, by characters, that has stood in it before."""
    printed, once = paragraphs()
    return 1 - sum(map(len, once)) / sum(map(len, printed))


@computed(".0%")
def words_unknown() -> float:
    """The share of all words and marks that are too rare to be tokens of their own."""
    corpus = language.corpus_of(TEXT[WORDS].recipe)
    tokens = [*corpus.train.tolist(), *corpus.held_out.tolist()]
    return tokens.count(words_known.value - 1) / len(tokens)


@computed(".0%")
def counts_of_characters() -> float:
    """What the best table of counts captures of the context effect: characters, the median
    network.
    """
    return median(captured(CHARACTERS, "count"))


@computed(".0%")
def counts_of_words() -> float:
    """What the best table of counts captures of the context effect: words, the median network."""
    return median(captured(WORDS, "count"))


@computed(".0%")
def counts_of_placed_characters() -> float:
    """What the best table of counts captures of the context effect: characters with positions,
    the median network.
    """
    return median(captured(PLACED_CHARACTERS, "count"))


@computed(".0%")
def counts_of_placed_words() -> float:
    """What the best table of counts captures of the context effect: words with positions, the
    median network.
    """
    return median(captured(PLACED_WORDS, "count"))


@computed(".0%")
def presence_of_characters() -> float:
    """What the best table of presence captures of the context effect: characters, the median
    network.
    """
    return median(captured(CHARACTERS, "presence"))


@computed(".0%")
def presence_of_words() -> float:
    """What the best table of presence captures of the context effect: words, the median
    network.
    """
    return median(captured(WORDS, "presence"))


@computed(".0%")
def presence_of_placed_characters() -> float:
    """What the best table of presence captures of the context effect: characters with
    positions, the median network.
    """
    return median(captured(PLACED_CHARACTERS, "presence"))


@computed(".0%")
def presence_of_placed_words() -> float:
    """What the best table of presence captures of the context effect: words with positions, the
    median network.
    """
    return median(captured(PLACED_WORDS, "presence"))


@computed(".0%")
def distances_of_placed_characters() -> float:
    """What the best table that knows distances captures of the context effect: characters with
    positions, the median network.
    """
    return median(captured(PLACED_CHARACTERS, "distance"))


@computed(".0%")
def distances_of_placed_words() -> float:
    """What the best table that knows distances captures of the context effect: words with
    positions, the median network.
    """
    return median(captured(PLACED_WORDS, "distance"))


@computed(".0%")
def read_off_of_characters() -> float:
    """What the table read off the weights captures of the context effect: characters, the
    median network.
    """
    return median(captured(CHARACTERS, "read off"))


@computed(".0%")
def read_off_of_words() -> float:
    """What the table read off the weights captures of the context effect: words, the median
    network.
    """
    return median(captured(WORDS, "read off"))


@computed(".0%")
def read_off_of_placed_characters() -> float:
    """What the table read off the weights captures of the context effect: characters with
    positions, the median network.
    """
    return median(captured(PLACED_CHARACTERS, "read off"))


@computed(".0%")
def read_off_of_placed_words() -> float:
    """What the table read off the weights captures of the context effect: words with positions,
    the median network.
    """
    return median(captured(PLACED_WORDS, "read off"))


@computed(".0%")
def taken_out_of_characters() -> float:
    """What the table of what each token changes captures of the context effect: characters, the
    median network.
    """
    return median(captured(CHARACTERS, "taken out"))


@computed(".0%")
def taken_out_of_words() -> float:
    """What the table of what each token changes captures of the context effect: words, the
    median network.
    """
    return median(captured(WORDS, "taken out"))


@computed(".0%")
def taken_out_of_placed_characters() -> float:
    """What the table of what each token changes captures of the context effect: characters with
    positions, the median network.
    """
    return median(captured(PLACED_CHARACTERS, "taken out"))


@computed(".0%")
def taken_out_of_placed_words() -> float:
    """What the table of what each token changes captures of the context effect: words with
    positions, the median network.
    """
    return median(captured(PLACED_WORDS, "taken out"))


@computed(".0%")
def least_counts_of_characters() -> float:
    """What the best table of counts captures of the context effect: characters, the least of
    all seeds.
    """
    return least_and_most(captured(CHARACTERS, "count"))[0]


@computed(".0%")
def most_counts_of_characters() -> float:
    """What the best table of counts captures of the context effect: characters, the most of all
    seeds.
    """
    return least_and_most(captured(CHARACTERS, "count"))[1]


@computed(".0%")
def least_presence_of_words() -> float:
    """What the best table of presence captures of the context effect: words, the least of all
    seeds.
    """
    return least_and_most(captured(WORDS, "presence"))[0]


@computed(".0%")
def most_presence_of_words() -> float:
    """What the best table of presence captures of the context effect: words, the most of all
    seeds.
    """
    return least_and_most(captured(WORDS, "presence"))[1]


@computed(".0%")
def least_distances_of_placed_characters() -> float:
    """What the best table that knows distances captures of the context effect: characters with
    positions, the least of all seeds.
    """
    return least_and_most(captured(PLACED_CHARACTERS, "distance"))[0]


@computed(".0%")
def most_distances_of_placed_characters() -> float:
    """What the best table that knows distances captures of the context effect: characters with
    positions, the most of all seeds.
    """
    return least_and_most(captured(PLACED_CHARACTERS, "distance"))[1]


@computed(".0%")
def least_distances_of_placed_words() -> float:
    """What the best table that knows distances captures of the context effect: words with
    positions, the least of all seeds.
    """
    return least_and_most(captured(PLACED_WORDS, "distance"))[0]


@computed(".0%")
def most_distances_of_placed_words() -> float:
    """What the best table that knows distances captures of the context effect: words with
    positions, the most of all seeds.
    """
    return least_and_most(captured(PLACED_WORDS, "distance"))[1]


@computed(".0%")
def least_counts_of_placed_characters() -> float:
    """What the best table of counts captures of the context effect: characters with positions,
    the least of all seeds.
    """
    return least_and_most(captured(PLACED_CHARACTERS, "count"))[0]


@computed(".0%")
def most_counts_of_placed_characters() -> float:
    """What the best table of counts captures of the context effect: characters with positions,
    the most of all seeds.
    """
    return least_and_most(captured(PLACED_CHARACTERS, "count"))[1]


@computed(".0%")
def least_read_off_of_characters() -> float:
    """What the table read off the weights captures of the context effect: characters, the least
    of all seeds.
    """
    return least_and_most(captured(CHARACTERS, "read off"))[0]


@computed(".0%")
def most_read_off_of_characters() -> float:
    """What the table read off the weights captures of the context effect: characters, the most
    of all seeds.
    """
    return least_and_most(captured(CHARACTERS, "read off"))[1]


@computed(".0%")
def least_read_off_of_words() -> float:
    """What the table read off the weights captures of the context effect: words, the least of
    all seeds.
    """
    return least_and_most(captured(WORDS, "read off"))[0]


@computed(".0%")
def most_read_off_of_words() -> float:
    """What the table read off the weights captures of the context effect: words, the most of
    all seeds.
    """
    return least_and_most(captured(WORDS, "read off"))[1]


@computed(".3f")
def effect_on_characters() -> float:
    """The context effect on characters, the mean of the networks, in nats."""
    return mean(each["bigram"] for each in of(CHARACTERS, "divergence"))


@computed(".3f")
def loss_of_characters() -> float:
    """The held-out loss on characters, the mean of the networks, in nats a token."""
    return mean(of(CHARACTERS, "loss"))


@computed(".3f")
def effect_on_words() -> float:
    """The context effect on words, the mean of the networks, in nats."""
    return mean(each["bigram"] for each in of(WORDS, "divergence"))


@computed(".3f")
def loss_of_words() -> float:
    """The held-out loss on words, the mean of the networks, in nats a token."""
    return mean(of(WORDS, "loss"))


@computed(".3f")
def effect_on_placed_characters() -> float:
    """The context effect on characters with positions, the mean of the networks, in nats."""
    return mean(each["bigram"] for each in of(PLACED_CHARACTERS, "divergence"))


@computed(".3f")
def loss_of_placed_characters() -> float:
    """The held-out loss on characters with positions, the mean of the networks, in nats a
    token.
    """
    return mean(of(PLACED_CHARACTERS, "loss"))


@computed(".3f")
def effect_on_placed_words() -> float:
    """The context effect on words with positions, the mean of the networks, in nats."""
    return mean(each["bigram"] for each in of(PLACED_WORDS, "divergence"))


@computed(".3f")
def loss_of_placed_words() -> float:
    """The held-out loss on words with positions, the mean of the networks, in nats a token."""
    return mean(of(PLACED_WORDS, "loss"))


@computed(".3f")
def count_loss_on_characters() -> float:
    """The held-out loss of a table of counts that learned from the text itself, on characters,
    in nats a token.
    """
    return learned("character")["count"]


@computed(".3f")
def presence_loss_on_characters() -> float:
    """The held-out loss of a table of presence that learned from the text itself, on
    characters, in nats a token.
    """
    return learned("character")["presence"]


@computed(".3f")
def count_loss_on_words() -> float:
    """The held-out loss of a table of counts that learned from the text itself, on words, in
    nats a token.
    """
    return learned("word")["count"]


@computed(".3f")
def presence_loss_on_words() -> float:
    """The held-out loss of a table of presence that learned from the text itself, on words, in
    nats a token.
    """
    return learned("word")["presence"]


@computed(".2f")
def least_dropped_on_characters() -> float:
    """What p OV leaves out of a token's effect, in squares, relative to the effect: characters,
    the least of all seeds.
    """
    return least_and_most(of(CHARACTERS, "dropped"))[0]


@computed(".2f")
def most_dropped_on_characters() -> float:
    """What p OV leaves out of a token's effect, in squares, relative to the effect: characters,
    the most of all seeds.
    """
    return least_and_most(of(CHARACTERS, "dropped"))[1]


@computed(".2f")
def least_dropped_on_words() -> float:
    """What p OV leaves out of a token's effect, in squares, relative to the effect: words, the
    least of all seeds.
    """
    return least_and_most(of(WORDS, "dropped"))[0]


@computed(".2f")
def most_dropped_on_words() -> float:
    """What p OV leaves out of a token's effect, in squares, relative to the effect: words, the
    most of all seeds.
    """
    return least_and_most(of(WORDS, "dropped"))[1]


@computed(".0%")
def bigrams_agree_on_characters() -> float:
    """How often the best pair of tokens has the network's first choice: characters, the mean."""
    return agreed(CHARACTERS, "bigram")


@computed(".0%")
def counts_agree_on_characters() -> float:
    """How often the best table of counts has the network's first choice: characters, the mean."""
    return agreed(CHARACTERS, "count")


@computed(".0%")
def read_off_agree_on_characters() -> float:
    """How often the table read off the weights has the network's first choice: characters, the
    mean.
    """
    return agreed(CHARACTERS, "read off")


@computed(".0%")
def with_hindsight() -> float:
    """The share that the best table of counts captures on the contexts that it is fitted to,
    the median.
    """
    return median(1 - row["count"] / row["bigram"] for row in imitation.kept("bounds"))


@computed(".0%")
def at_most_with_hindsight() -> float:
    """What no table of counts can exceed there, for any of the networks."""
    return max(
        1 - (row["count"] - row["certain_to"]) / row["bigram"] for row in imitation.kept("bounds")
    )


@computed(".0%")
def counts_of_all_lengths() -> float:
    """What the best table of counts captures on contexts of every length: characters, the
    median network.
    """
    return median(captured_of_all_lengths("count"))


@computed(".0%")
def least_presence_of_all_lengths() -> float:
    """What the best table of presence captures on contexts of every length: characters, the
    least of all seeds.
    """
    return least_and_most(captured_of_all_lengths("presence"))[0]


@computed(".0%")
def most_presence_of_all_lengths() -> float:
    """What the best table of presence captures on contexts of every length: characters, the
    most of all seeds.
    """
    return least_and_most(captured_of_all_lengths("presence"))[1]


@computed(".0%")
def read_off_of_all_lengths() -> float:
    """What the table read off the weights captures on contexts of every length: characters, the
    median network.
    """
    return median(captured_of_all_lengths("read off"))


@computed(".0%")
def taken_out_of_all_lengths() -> float:
    """What the table of what each token changes captures on contexts of every length:
    characters, the median network.
    """
    return median(captured_of_all_lengths("taken out"))
