"""The numbers of "Which came first?"."""

from datetime import date

from ...claims import Ruling, claim, computed, holds_if, quoted


@quoted("date", source="askell", where="the dateline of the paper's page")
def first_assistant_paper() -> int:
    """The day on which Anthropic's first paper on a language assistant came out."""
    return date(2021, 12, 1).toordinal()


@quoted("date", source="instruct-gpt", where="the dateline")
def instruct_gpt() -> int:
    """The day on which OpenAI released InstructGPT."""
    return date(2022, 1, 27).toordinal()


@quoted("date", source="bai", where="the paper's page, version 1")
def helpful_and_harmless() -> int:
    """The day on which the paper by Bai et al., which the comment cites, came out."""
    return date(2022, 4, 12).toordinal()


@quoted("date", source="chatgpt", where="the dateline")
def chatgpt() -> int:
    """The day on which OpenAI released ChatGPT."""
    return date(2022, 11, 30).toordinal()


def released() -> dict[str, int]:
    """The four days in their order, as the figure wants them."""
    return {
        "Askell et al.": first_assistant_paper.value,
        "InstructGPT": instruct_gpt.value,
        "Bai et al.": helpful_and_harmless.value,
        "ChatGPT": chatgpt.value,
    }


def whole_months(earlier: int, later: int) -> int:
    """Months from one day to another that are over."""
    first, last = date.fromordinal(earlier), date.fromordinal(later)
    months = 12 * (last.year - first.year) + last.month - first.month
    return months - (last.day < first.day)


@computed("d")
def days_from_bai_to_chatgpt() -> int:
    """Days from the paper by Bai et al. to ChatGPT."""
    return chatgpt.value - helpful_and_harmless.value


@computed("d")
def months_from_bai_to_chatgpt() -> int:
    """Whole months from the paper by Bai et al. to ChatGPT."""
    return whole_months(helpful_and_harmless.value, chatgpt.value)


@computed("d")
def months_from_instruct_gpt_to_chatgpt() -> int:
    """Whole months from InstructGPT to ChatGPT."""
    return whole_months(instruct_gpt.value, chatgpt.value)


@computed("d")
def days_from_instruct_gpt_to_bai() -> int:
    """Days from InstructGPT to the paper by Bai et al."""
    return helpful_and_harmless.value - instruct_gpt.value


@computed("d")
def days_from_askell_to_instruct_gpt() -> int:
    """Days from Anthropic's first paper on a language assistant to InstructGPT."""
    return instruct_gpt.value - first_assistant_paper.value


@claim("D1", source="chan-comments", stated=7, form="d", rests_on=[months_from_bai_to_chatgpt])
def seven_months_before_chatgpt(stated: int, months: int) -> Ruling:
    """The Anthropic paper cited came out seven months before ChatGPT."""
    return holds_if(months == stated, f"{months} whole months lie between them.")


@claim("D2", source="chan-comments", rests_on=[instruct_gpt])
def instruct_gpt_in_january(day: int) -> Ruling:
    """The first InstructGPT release was in January 2022."""
    into = day - date(2022, 1, 1).toordinal()
    return holds_if(0 <= into < 31, f"It is dated {into} days after New Year's Day of that year.")
