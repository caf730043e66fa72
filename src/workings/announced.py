"""Claims that the book does not rule on, since no run can decide them.

If a page does find a way to rule on one, its line here goes and a rule takes its place.
"""

from .claims import unruled

NEVER = {
    "G23": ("grokking", "Stacked layers of a skinny network quickly become uninterpretable.",
            "An opinion about effort, with nothing stated that a run could decide."),
    "G24": ("grokking", "What does it mean to say that multilayer perceptrons overfit by their power?",
            "A question, not a claim."),
    "G25": ("grokking", "It is not clear whether the small confusions that remain matter.",
            "A statement about what matters, not about what happens."),
    "S13": ("skip-trigrams", "A model will not use a basis that is natural only to its reader.",
            "A maxim; the page that rules on S7 illustrates it."),
    "E10": ("elicitation", "People who call fine-tuning an upper bound mean that trying hard at it beats prompting.",
            "A statement about what people mean."),
    "E2": ("elicitation", "The title of the chess post claims more than its results show.",
           "How far a title outruns results is a judgement that no run measures; its author has "
           "since narrowed it to the one cited here."),
    "D3": ("words", "The usage comes from the first InstructGPT release.",
           "The comment does not name the word, and its thread was not found."),
    "D4": ("words", "Anthropic's early assistant papers used the word in this way too.",
           "The comment does not name the word, and its thread was not found."),
    "D5": ("words", "People complained about that usage at the time.",
           "Nothing is stated that a computation could decide."),
}  # fmt: skip

for id, (part, says, why) in NEVER.items():
    unruled(id, part, says, source="chan-comments", verdict="no verdict", why=why)
