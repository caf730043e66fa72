"""What a real language model is asked: capitals and sums, each in twelve formats.

A question is one string or two; a format says how it reads, and what stands before its answer.
Questions that are held out are never shown: neither in a prompt nor in a training.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

from workings.streams import stream

HELD_OUT = 48  # questions of each task
SUMS = 140
SUMMANDS = range(10, 60), range(2, 10)


class Question(NamedTuple):
    """What is asked, such as a country or two numbers, and its one right answer."""

    asked: tuple[str, ...]
    answer: str


class Format(NamedTuple):
    """How a question reads: `text` up to the answer, then a `gap`, the answer, and an `end`."""

    text: str
    gap: str = " "
    end: str = "\n"

    def prompt(self, question: Question) -> str:
        """The question, up to where its answer should begin."""
        return self.text.format(*question.asked)

    def answer(self, question: Question) -> str:
        """The right answer, with what parts it from the question."""
        return self.gap + question.answer

    def shots(self, questions: Sequence[Question]) -> str:
        """Answered questions, to stand before another one."""
        return "".join(self.prompt(each) + self.answer(each) + self.end for each in questions)


@dataclass(frozen=True)
class Task:
    """Questions of one kind.

    Attributes:
        formats: by their names.
        examples: the questions that may be shown.
        held_out: those that never are.
    """

    formats: dict[str, Format]
    examples: tuple[Question, ...]
    held_out: tuple[Question, ...]


CHAT = "<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n"

OF_CAPITALS = {
    "sentence": Format("The capital of {} is", end=".\n"),
    "it is": Format("What is the capital of {}? It is", end=".\n"),
    "possessive": Format("{}'s capital city:"),
    "Q and A": Format("Q: What is the capital of {}?\nA:", end="\n\n"),
    "question": Format("Question: What is the capital city of {}?\nAnswer:", end="\n\n"),
    "form": Format("Country: {}\nCapital:", end="\n\n"),
    "governed": Format("The city from which {} is governed is", end=".\n"),
    "colon": Format("{}:"),
    "arrow": Format("{} ->"),
    "semicolon": Format("{};", gap=""),
    "code": Format('capital("{}") == "', gap="", end='"\n'),
    "chat": Format(
        CHAT.format("What is the capital of {}? Answer with its name only."),
        gap="",
        end="<|im_end|>\n",
    ),
}

OF_SUMS = {
    "equation": Format("{} + {} ="),
    "tight": Format("{}+{}=", gap=""),
    "sentence": Format("The sum of {} and {} is", end=".\n"),
    "it is": Format("What is {} + {}? It is", end=".\n"),
    "plus": Format("{} plus {} equals", end=".\n"),
    "Q and A": Format("Q: What is {} + {}?\nA:", end="\n\n"),
    "question": Format("Question: What is the sum of {} and {}?\nAnswer:", end="\n\n"),
    "form": Format("First: {}\nSecond: {}\nSum:", end="\n\n"),
    "arrow": Format("{}, {} ->"),
    "semicolon": Format("{};{};", gap=""),
    "code": Format(">>> {} + {}\n", gap=""),
    "chat": Format(
        CHAT.format("What is {} + {}? Answer with the number only."), gap="", end="<|im_end|>\n"
    ),
}

# Left out: countries with more than one capital, or one that is called like the country itself.
CAPITALS = dict(
    pair.split(": ")
    for pair in """
Afghanistan: Kabul, Albania: Tirana, Algeria: Algiers, Angola: Luanda, Argentina: Buenos Aires,
Armenia: Yerevan, Australia: Canberra, Austria: Vienna, Azerbaijan: Baku, Bahamas: Nassau,
Bahrain: Manama, Bangladesh: Dhaka, Barbados: Bridgetown, Belarus: Minsk, Belgium: Brussels,
Belize: Belmopan, Bhutan: Thimphu, Bosnia and Herzegovina: Sarajevo, Botswana: Gaborone,
Brazil: Brasilia, Bulgaria: Sofia, Burkina Faso: Ouagadougou, Cambodia: Phnom Penh,
Canada: Ottawa, Cape Verde: Praia, Chad: N'Djamena, Chile: Santiago, China: Beijing,
Colombia: Bogota, Costa Rica: San Jose, Croatia: Zagreb, Cuba: Havana, Cyprus: Nicosia,
Denmark: Copenhagen, Dominica: Roseau, Dominican Republic: Santo Domingo, Ecuador: Quito,
Egypt: Cairo, El Salvador: San Salvador, Eritrea: Asmara, Estonia: Tallinn,
Ethiopia: Addis Ababa, Fiji: Suva, Finland: Helsinki, France: Paris, Gabon: Libreville,
Gambia: Banjul, Germany: Berlin, Ghana: Accra, Greece: Athens, Guinea: Conakry,
Guyana: Georgetown, Haiti: Port-au-Prince, Honduras: Tegucigalpa, Hungary: Budapest,
Iceland: Reykjavik, India: New Delhi, Indonesia: Jakarta, Iran: Tehran, Iraq: Baghdad,
Ireland: Dublin, Italy: Rome, Jamaica: Kingston, Japan: Tokyo, Jordan: Amman, Kenya: Nairobi,
Kyrgyzstan: Bishkek, Laos: Vientiane, Latvia: Riga, Lebanon: Beirut, Lesotho: Maseru,
Liberia: Monrovia, Libya: Tripoli, Lithuania: Vilnius, Madagascar: Antananarivo,
Malawi: Lilongwe, Maldives: Male, Mali: Bamako, Malta: Valletta, Mauritania: Nouakchott,
Mauritius: Port Louis, Moldova: Chisinau, Mongolia: Ulaanbaatar, Montenegro: Podgorica,
Morocco: Rabat, Mozambique: Maputo, Namibia: Windhoek, Nepal: Kathmandu,
Netherlands: Amsterdam, New Zealand: Wellington, Nicaragua: Managua, Niger: Niamey,
Nigeria: Abuja, North Korea: Pyongyang, North Macedonia: Skopje, Norway: Oslo, Oman: Muscat,
Pakistan: Islamabad, Papua New Guinea: Port Moresby, Paraguay: Asuncion, Peru: Lima,
Philippines: Manila, Poland: Warsaw, Portugal: Lisbon, Qatar: Doha, Romania: Bucharest,
Russia: Moscow, Rwanda: Kigali, Samoa: Apia, Saudi Arabia: Riyadh, Senegal: Dakar,
Serbia: Belgrade, Seychelles: Victoria, Sierra Leone: Freetown, Slovakia: Bratislava,
Slovenia: Ljubljana, Solomon Islands: Honiara, Somalia: Mogadishu, South Korea: Seoul,
Spain: Madrid, Sudan: Khartoum, Suriname: Paramaribo, Sweden: Stockholm, Syria: Damascus,
Taiwan: Taipei, Tajikistan: Dushanbe, Thailand: Bangkok, Togo: Lome, Tonga: Nuku'alofa,
Trinidad and Tobago: Port of Spain, Tunisia: Tunis, Turkey: Ankara, Turkmenistan: Ashgabat,
Uganda: Kampala, Ukraine: Kyiv, United Arab Emirates: Abu Dhabi, United Kingdom: London,
Uruguay: Montevideo, Uzbekistan: Tashkent, Vanuatu: Port Vila, Venezuela: Caracas,
Vietnam: Hanoi, Yemen: Sanaa, Zambia: Lusaka, Zimbabwe: Harare
""".replace("\n", " ")
    .strip()
    .split(", ")
)


def capitals() -> Task:
    """Countries and their capitals."""
    return _split("capitals", OF_CAPITALS, [Question((c,), a) for c, a in CAPITALS.items()])


def sums() -> Task:
    """A number of two digits, one of one digit, and their sum."""
    numbers = list(product(*SUMMANDS))
    drawn = stream(0, "sums").choice(len(numbers), SUMS, replace=False)
    pairs = [numbers[index] for index in drawn]
    return _split("sums", OF_SUMS, [Question((str(a), str(b)), str(a + b)) for a, b in pairs])


def _split(name: str, formats: dict[str, Format], questions: Sequence[Question]) -> Task:
    order = stream(0, f"held out: {name}").permutation(len(questions))
    mixed = tuple(questions[index] for index in order)
    return Task(formats, mixed[HELD_OUT:], mixed[:HELD_OUT])


TASKS = {"capitals": capitals(), "sums": sums()}


# --- countries that are not ---------------------------------------------------------------------

BEGINNINGS = (
    "Bel",
    "Dra",
    "Fen",
    "Gor",
    "Kal",
    "Lum",
    "Mor",
    "Nar",
    "Pel",
    "Ros",
    "Sul",
    "Tav",
    "Vel",
    "Zan",
)
COUNTRIES, CITIES = ("dria", "vonia", "lia", "thia"), ("bur", "tov", "mere", "gard")


def invented(seed: int, count: int) -> list[Question]:
    """Countries that nobody can know, such as Tavevonia, and their capitals, such as Sulotov."""
    rng = stream(seed, "invented")

    def names(endings: Sequence[str]) -> list[str]:
        every = ["".join(parts) for parts in product(BEGINNINGS, "aeiou", endings)]
        return [every[index] for index in rng.choice(len(every), count, replace=False)]

    pairs = zip(names(COUNTRIES), names(CITIES), strict=True)
    return [Question((country,), city) for country, city in pairs]
