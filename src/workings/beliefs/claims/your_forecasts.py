"""The numbers of "Do your forecasts move too much?"."""

from fractions import Fraction
from functools import cache

import numpy as np
from scipy import special

from ... import intervals
from ...claims import computed, given
from ...streams import stream
from .. import audit, martingales, power, real_forecasts
from .how_far import ACCURACY, HALF

BELIEFS = (HALF, Fraction(4, 5), Fraction(3, 5))  # one question, by hand; then it happens
SLIGHT, OVER, STRONG, DOUBLE = 1.1, 1.2, 1.5, 2.0
UNDER = 0.8
POWER = 0.8
FEW, SOME, MANY = 5, 50, 500  # questions of the audits whose false alarms are stated
COUNTED = 400  # questions of the audits whose power was counted
SHARED = 0.5  # of each race's surprises, by all races of its night
NIGHTS = 2
SEED, HONEST = 2021, 100_000
REDRAWN = 20_000
STRETCH = Fraction(6, 5)


@given(".0%")
def audited_first() -> Fraction:
    """The first belief of the question done by hand."""
    return BELIEFS[0]


@given(".0%")
def audited_high() -> Fraction:
    """The second belief of the question done by hand."""
    return BELIEFS[1]


@given(".0%")
def audited_back() -> Fraction:
    """The last belief before the question done by hand comes true."""
    return BELIEFS[2]


@computed(".2f")
def audited_movement() -> Fraction:
    """How far the beliefs about one question moved, in squared probability."""
    return martingales.movement([*BELIEFS, Fraction(1)])


@computed(".2f")
def audited_reduction() -> Fraction:
    """How much uncertainty about one question went away."""
    return martingales.uncertainty_reduction([*BELIEFS, Fraction(1)])


@computed(".2f")
def audited_excess() -> Fraction:
    """Movement in excess of learning, for one question."""
    return martingales.excess([*BELIEFS, Fraction(1)])


@computed(".2f")
def bet_won() -> Fraction:
    """What the seller of the favorite wins when the belief falls back."""
    return martingales.excess_by_period([*BELIEFS, Fraction(1)])[1]


@computed(".2f")
def bet_lost() -> Fraction:
    """What the seller of the favorite loses when the favorite comes in."""
    return -martingales.excess_by_period([*BELIEFS, Fraction(1)])[2]


# --- how many questions -------------------------------------------------------------------------


@given(".0%")
def slight_over_reaction() -> float:
    """A slight over-reaction: each update of the log-odds is so much too large."""
    return round(SLIGHT - 1, 2)


@given(".0%")
def over_reaction() -> float:
    """Over-reaction: each update of the log-odds is so much too large."""
    return round(OVER - 1, 2)


@given(".0%")
def strong_over_reaction() -> float:
    """A strong over-reaction: each update of the log-odds is so much too large."""
    return round(STRONG - 1, 2)


@given(".0%")
def double_over_reaction() -> float:
    """Counting everything twice: each update of the log-odds is so much too large."""
    return DOUBLE - 1


@given(".0%")
def level() -> float:
    """The share of false alarms that a test is allowed."""
    return audit.LEVEL


@given(".0%")
def interval_level() -> float:
    """How often an interval is to hold what it is about."""
    return 1 - audit.LEVEL


@given(".0%")
def power_wanted() -> float:
    """How likely the over-reaction is to be noticed."""
    return POWER


@given("d")
def pieces_of_evidence() -> int:
    """Pieces of evidence that a simulated forecaster hears before a question is resolved."""
    return power.RECIPE.updates


@computed(".0%")
def over_reaction_shows() -> float:
    """By how much an over-reacting forecaster's movement exceeds the reduction of uncertainty."""
    found = _moments(OVER)
    return found.movement / found.reduction - 1


@computed(",d")
def questions_for_slight() -> int:
    """Independent questions that it takes to notice a slight over-reaction."""
    return _questions(SLIGHT)


@computed(",d")
def questions_for_over() -> int:
    """Independent questions that it takes to notice an over-reaction."""
    return _questions(OVER)


@computed(",d")
def questions_for_strong() -> int:
    """Independent questions that it takes to notice a strong over-reaction."""
    return _questions(STRONG)


@computed(",d")
def questions_for_double() -> int:
    """Independent questions that it takes to notice who counts everything twice."""
    return _questions(DOUBLE)


@computed(",d")
def questions_for_under() -> int:
    """Independent questions that it takes to notice an equally large under-reaction."""
    return _questions(UNDER)


@computed(",d")
def questions_at_best() -> int:
    """Questions needed for the same over-reaction, in the easiest setting we tried."""
    return min(_in_each_setting())


@computed(",d")
def questions_at_worst() -> int:
    """Questions needed for the same over-reaction, in the hardest setting we tried."""
    return max(_in_each_setting())


@given(",d")
def counted_questions() -> int:
    """Questions of each audit that was run to count how many notice."""
    return COUNTED


@given(",d")
def power_audits() -> int:
    """Whole audits that were simulated for each power that was counted."""
    return power.RECIPE.power_audits


@computed(".0%")
def power_counted() -> float:
    """The share of simulated audits that noticed the over-reaction."""
    row = _row("power", questions=COUNTED, over_reaction=OVER)
    return row["over"] / row["audits"]


@computed(".0%")
def power_by_normal_law() -> float:
    """The share of audits that the normal law says will notice the over-reaction."""
    found = _moments(OVER)
    return power.power_promised(found.excess, found.deviation, COUNTED)


@computed(".0%")
def power_of_some() -> float:
    """The share of simulated audits of fifty questions that noticed the over-reaction."""
    row = _row("power", questions=SOME, over_reaction=OVER)
    return row["over"] / row["audits"]


# --- false alarms -------------------------------------------------------------------------------


@given("d")
def few_questions() -> int:
    """The smallest audits whose false alarms we counted, in questions."""
    return FEW


@given("d")
def some_questions() -> int:
    """Below so many questions the tool warns."""
    return audit.FEW_QUESTIONS


@given("d")
def many_questions() -> int:
    """The largest audits whose false alarms we counted, in questions."""
    return MANY


@given(",d")
def false_alarm_audits() -> int:
    """Whole audits of an honest forecaster that were simulated for each size."""
    return power.RECIPE.false_alarm_audits


@computed(".1%")
def false_alarms_few() -> float:
    """The share of audits of five questions that accuse an honest forecaster."""
    return _false_alarms(FEW).value


@computed(".1%")
def false_alarms_few_low() -> float:
    """The lower end of the 95% interval for the false alarms of five questions."""
    return _false_alarms(FEW).low


@computed(".1%")
def false_alarms_few_high() -> float:
    """The upper end of the 95% interval for the false alarms of five questions."""
    return _false_alarms(FEW).high


@computed(".1%")
def false_alarms_some() -> float:
    """The share of audits of fifty questions that accuse an honest forecaster."""
    return _false_alarms(SOME).value


@computed(".2%")
def false_alarms_many() -> float:
    """The share of audits of five hundred questions that accuse an honest forecaster."""
    return _false_alarms(MANY).value


@computed(".2%")
def false_alarms_many_low() -> float:
    """The lower end of the 95% interval for the false alarms of five hundred questions."""
    return _false_alarms(MANY).low


@computed(".2%")
def false_alarms_many_high() -> float:
    """The upper end of the 95% interval for the false alarms of five hundred questions."""
    return _false_alarms(MANY).high


@computed(".0%")
def false_alarms_of_under_reaction() -> float:
    """The share of the false alarms of five questions that say: too little."""
    row = _row("false alarms", questions=FEW)
    return row["under"] / (row["over"] + row["under"])


@given(",d")
def honest_streams() -> int:
    """Questions on which an honest forecaster was simulated."""
    return HONEST


@computed(".0%")
def honest_below() -> float:
    """The share of an honest forecaster's questions with less movement than learning."""
    return float((honest_excess() < 0).mean())


# --- races of one night -------------------------------------------------------------------------


@given("d")
def races_of_a_night() -> int:
    """Races of each simulated election night, as many as governors were elected in 2018."""
    return power.RECIPE.races


@given(".0%")
def surprise_shared() -> float:
    """The share of each race's surprises, by variance, that is common to its night."""
    return SHARED


@computed(".0%")
def naive_alarms() -> float:
    """False alarms on two nights, races as independent, where a surprise helps some favorites."""
    return _night_alarms("independent", one_sided=False)


@computed(".0%")
def naive_alarms_one_sided() -> float:
    """False alarms on two nights, races as independent, where a surprise hits every favorite."""
    return _night_alarms("independent", one_sided=True)


@computed(".0%")
def naive_alarms_many_nights() -> float:
    """The same on thirty nights: more nights do not cure it."""
    return _night_alarms("independent", one_sided=True, nights=power.RECIPE.nights[-1])


@computed("d")
def most_nights() -> int:
    """The largest number of nights we tried."""
    return max(power.RECIPE.nights)


@computed(".0%")
def clustered_alarms_worst() -> float:
    """The largest share of false alarms with nights as clusters, over all nights we tried."""
    rows = [row for row in power.kept() if row["what"] == "nights"]
    return max(row["rejected_clustered"] / row["audits"] for row in rows)


@computed(".1f")
def two_nights_quantile() -> float:
    """Standard errors that the mean of two nights must lie from zero to count at 5%."""
    return float(special.stdtrit(NIGHTS - 1, 1 - audit.LEVEL / 2))


# --- FiveThirtyEight's governors ----------------------------------------------------------------


@computed("d")
def governors_races() -> int:
    """Governors' races whose forecasts can be audited."""
    return len(_questions_of("deluxe"))


@computed("d")
def governors_left_out() -> int:
    """Older governors' races with one forecast each, so that there is no update to audit."""
    return _governors()["overall"]["left_out"]


@computed(",d")
def governors_updates() -> int:
    """Daily updates of the forecasts of governors' races, outcomes included."""
    return _governors()["overall"]["updates"]


@computed(".4f")
def governors_movement() -> float:
    """Movement of the forecasts of governors' races, per race."""
    return _governors()["overall"]["movement"]


@computed(".4f")
def governors_reduction() -> float:
    """Reduction of uncertainty about governors' races, per race."""
    return _governors()["overall"]["reduction"]


@computed(".0%")
def governors_shortfall() -> float:
    """How much less than they learned the forecasts of governors' races moved."""
    return 1 - _governors()["overall"]["ratio"]


@computed(".4f")
def governors_excess() -> float:
    """Movement less learning of the forecasts of governors' races, per race."""
    return _governors()["overall"]["excess"]


@computed(".4f")
def governors_error_independent() -> float:
    """Its standard error, were races independent."""
    return _governors()["overall"]["if_independent"]["standard_error"]


@computed(".3f")
def governors_p_independent() -> float:
    """The p-value for governors' races, were they independent."""
    return _governors()["overall"]["if_independent"]["p_value"]


@computed(".4f")
def governors_error() -> float:
    """The standard error for governors' races from two nights."""
    return _governors()["overall"]["standard_error"]


@computed(".3f")
def governors_p() -> float:
    """The p-value for governors' races by night, on one degree of freedom."""
    return _governors()["overall"]["p_value"]


@computed(".4f")
def governors_low() -> float:
    """The lower end of the 95% interval of movement less learning, by night."""
    return _governors()["overall"]["interval"][0]


@computed(".4f")
def governors_high() -> float:
    """The upper end of the 95% interval of movement less learning, by night."""
    return _governors()["overall"]["interval"][1]


@computed(".4f")
def governors_first_night() -> float:
    """Movement less learning of the races of 2018, per race."""
    return _governors()["by_cluster"]["2018-11-06"]["excess"]


@computed(".4f")
def governors_second_night() -> float:
    """Movement less learning of the races of 2022, per race."""
    return _governors()["by_cluster"]["2022-11-08"]["excess"]


@computed(".4f")
def governors_before() -> float:
    """Movement less learning up to the last forecast, per race."""
    return _governors()["to_last_belief"]["excess"]


@computed(".2f")
def governors_before_p() -> float:
    """Its p-value, were races independent."""
    return _governors()["to_last_belief"]["if_independent"]["p_value"]


@computed(".4f")
def governors_at_the_end() -> float:
    """Movement less learning of the last step, from the last forecast to the outcome, per race."""
    return _governors()["overall"]["excess_at_resolution"]


@computed(".3f")
def governors_end_p_independent() -> float:
    """The p-value of the last step alone, were races independent."""
    return audit.mean_excess(_last_steps()[0]).p_value


@computed(".3f")
def governors_end_p() -> float:
    """The p-value of the last step alone, by night."""
    return audit.mean_excess(*_last_steps()).p_value


@computed(".2f")
def lite_end_p() -> float:
    """The p-value of the last step of the model lite, by night."""
    return audit.mean_excess(*_last_steps("lite")).p_value


@computed(".2f")
def classic_end_p() -> float:
    """The p-value of the last step of the model classic, by night."""
    return audit.mean_excess(*_last_steps("classic")).p_value


@computed(".1f")
def upsets_expected() -> float:
    """Defeats of a favorite to be expected if the last forecasts were right."""
    return float(_upset_chances().sum())


@computed("d")
def upsets_seen() -> int:
    """Favorites of the last forecast who lost."""
    return sum((last > 0.5) != (outcome == 1) for *_, last, outcome in _questions_of("deluxe"))


@computed(".0%")
def so_few_upsets() -> float:
    """How likely so few upsets were, were races independent and the last forecasts right."""
    law = np.ones(1)
    for chance in _upset_chances():
        law = np.convolve(law, [1 - chance, chance])
    return float(law[: upsets_seen.value + 1].sum())


@computed(".0%")
def governors_accused() -> float:
    """How often independent races would be called uncalibrated, were the last forecasts right."""
    rows = np.array([row[3:8] for row in _questions_of("deluxe")])
    movement, reduction, at_the_end, _, last = rows.T
    outcome = stream(SEED, "governors").random((REDRAWN, len(rows))) < last
    before = movement - reduction - at_the_end
    excess = before + (2 * last - 1) * (last - outcome)
    return float((power.rejections(excess) != 0).mean())


@given(",d")
def governors_redrawn() -> int:
    """How often we drew the outcomes of all races anew from the last forecasts."""
    return REDRAWN


@computed(".3f")
def lite_p_independent() -> float:
    """The p-value of the model lite, were races independent."""
    return _governors("lite")["overall"]["if_independent"]["p_value"]


@computed(".2f")
def lite_p() -> float:
    """The p-value of the model lite by night."""
    return _governors("lite")["overall"]["p_value"]


@computed(".3f")
def classic_p_independent() -> float:
    """The p-value of the model classic, were races independent."""
    return _governors("classic")["overall"]["if_independent"]["p_value"]


@computed(".2f")
def classic_p() -> float:
    """The p-value of the model classic by night."""
    return _governors("classic")["overall"]["p_value"]


@computed("d")
def every_stream() -> int:
    """Streams, if every candidate under every model counts."""
    return len(real_forecasts.kept("governors")["streams"])


@computed(".0e")
def every_stream_p() -> float:
    """The p-value if every stream counts as an independent question."""
    return real_forecasts.kept("governors")["every_stream"]["race"]["if_independent"]["p_value"]


@computed(".3f")
def every_stream_p_by_race() -> float:
    """The p-value of the same streams, with those of a race as one cluster."""
    return real_forecasts.kept("governors")["every_stream"]["race"]["p_value"]


@computed(".2f")
def every_stream_p_by_night() -> float:
    """The p-value of the same streams, with those of a night as one cluster."""
    return real_forecasts.kept("governors")["every_stream"]["night"]["p_value"]


@computed(".0%")
def governors_noticeable() -> float:
    """The excess, relative to what was learned, that so many races would show, if independent."""
    found = _governors()["overall"]
    return _noticeable(found["if_independent"]["standard_error"], found["reduction"])


# --- FiveThirtyEight's NFL seasons --------------------------------------------------------------


@computed("d")
def nfl_streams() -> int:
    """Seasons of a team in the NFL forecasts."""
    return len(real_forecasts.kept("nfl")["questions"])


@computed("d")
def nfl_seasons() -> int:
    """Seasons of the NFL forecasts."""
    return _nfl()["clusters"]


@computed(".0%")
def nfl_more() -> float:
    """How much more than they learned the NFL forecasts moved."""
    return _nfl()["ratio"] - 1


@computed(".4f")
def nfl_excess() -> float:
    """Movement less learning of the NFL forecasts, per team and season."""
    return _nfl()["excess"]


@computed(".4f")
def nfl_error() -> float:
    """Its standard error, clustered by season."""
    return _nfl()["standard_error"]


@computed(".4f")
def nfl_error_independent() -> float:
    """Its standard error, were teams independent."""
    return _nfl()["if_independent"]["standard_error"]


@computed(".0%")
def nfl_p() -> float:
    """How often honest forecasts stray as far as the NFL forecasts, clustered by season."""
    return _nfl()["p_value"]


@computed(".0%")
def nfl_noticeable() -> float:
    """The excess, relative to what was learned, that the NFL forecasts would show."""
    return _noticeable(_nfl()["standard_error"], _nfl()["reduction"])


@computed("d")
def nfl_events() -> int:
    """Events that the NFL forecasts were audited for."""
    return len(real_forecasts.kept("nfl")["events"])


@computed(".2f")
def nfl_least_p() -> float:
    """The smallest p-value of all these events, clustered by season."""
    events = real_forecasts.kept("nfl")["events"].values()
    return min(found["overall"]["p_value"] for found in events)


# --- where it stops -----------------------------------------------------------------------------


@computed(".0%")
def stretched_more() -> Fraction:
    """How much more a belief moves if its distance from even is stretched by a fifth."""
    tree = _two_signals()
    plain = martingales.expectation(tree, martingales.movement)
    moved = martingales.expectation(tree, lambda beliefs: martingales.movement(_stretched(beliefs)))
    return moved / plain - 1


@computed("d")
def stretched_open_excess() -> Fraction:
    """What the audit sees of the stretch on average, while the question is open."""
    return martingales.expectation(
        _two_signals(), lambda beliefs: martingales.excess(_stretched(beliefs))
    )


@computed(".3f")
def stretched_settled_excess() -> Fraction:
    """What the audit sees of the stretch on average, once the question is settled."""
    settled = martingales.signal_paths(HALF, [ACCURACY, ACCURACY, Fraction(1)])
    return martingales.expectation(
        settled,
        lambda beliefs: martingales.excess([*_stretched(beliefs[:-1]), beliefs[-1]]),
    )


@computed(".0%")
def canceling_excess() -> float:
    """What is left, relative to learning, of over-reaction and under-reaction in equal parts."""
    over, under = _moments(OVER), _moments(UNDER)
    return (over.excess + under.excess) / (over.reduction + under.reduction)


@computed(".0%")
def chosen_excess() -> float:
    """How much more than it learned an honest belief moved, on the half that moved most."""
    beliefs = honest_beliefs()
    movement = martingales.movement(beliefs)
    most = movement > np.median(movement)
    return float(movement[most].sum() / martingales.uncertainty_reduction(beliefs)[most].sum() - 1)


@cache
def honest_beliefs() -> np.ndarray:
    """[question, belief]: what a simulated honest forecaster believed, outcome included."""
    rng = stream(SEED, "your-forecasts")
    return power.evidence_streams(rng, (HONEST,), updates=power.RECIPE.updates)


def honest_excess() -> np.ndarray:
    """[question]: movement less learning of the simulated honest forecaster."""
    return martingales.excess(honest_beliefs())


@cache
def _moments(over_reaction: float) -> power.Moments:
    return power.exact_moments(
        updates=power.RECIPE.updates,
        information=power.RECIPE.information,
        over_reaction=over_reaction,
    )


def _questions(over_reaction: float) -> int:
    found = _moments(over_reaction)
    return power.questions_needed(found.excess, found.deviation, POWER)


@cache
def _in_each_setting() -> list[int]:
    found = (
        power.exact_moments(updates=updates, information=information, over_reaction=OVER)
        for updates in power.RECIPE.needed_updates
        for information in power.RECIPE.needed_information
    )
    return [power.questions_needed(each.excess, each.deviation, POWER) for each in found]


def _row(what: str, **settings) -> dict:
    [row] = [
        row
        for row in power.kept()
        if row["what"] == what and all(row[name] == value for name, value in settings.items())
    ]
    return row


def _false_alarms(questions: int) -> intervals.Estimate:
    row = _row("false alarms", questions=questions)
    return intervals.wilson(row["over"] + row["under"], row["audits"])


def _night_alarms(errors: str, *, one_sided: bool, nights: int = NIGHTS) -> float:
    row = _row("nights", nights=nights, shared=SHARED, one_sided=one_sided)
    return row[f"rejected_{errors}"] / row["audits"]


def _governors(model: str = "deluxe") -> dict:
    return real_forecasts.kept("governors")["models"][model]


def _questions_of(model: str) -> list[list]:
    return [row for row in real_forecasts.kept("governors")["questions"] if row[0] == model]


def _last_steps(model: str = "deluxe") -> tuple[np.ndarray, np.ndarray]:
    """The excess of each race's last step, and its night."""
    rows = _questions_of(model)
    return np.array([row[5] for row in rows]), np.array([row[2] for row in rows])


def _upset_chances() -> np.ndarray:
    last = np.array([row[-2] for row in _questions_of("deluxe")])
    return np.minimum(last, 1 - last)


def _nfl() -> dict:
    return real_forecasts.kept("nfl")["events"]["make_playoffs"]["overall"]


def _noticeable(error: float, reduction: float) -> float:
    """The excess noticed with the wanted power, by the normal law, relative to the reduction."""
    return float(special.ndtri(1 - audit.LEVEL / 2) + special.ndtri(POWER)) * error / reduction


def _two_signals() -> list[martingales.Path]:
    return martingales.signal_paths(HALF, [ACCURACY, ACCURACY])


def _stretched(beliefs) -> list[Fraction]:
    return [HALF + STRETCH * (belief - HALF) for belief in beliefs]
