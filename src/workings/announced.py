"""Claims that the book has not ruled on: those of later parts, and those that no run can decide.

When a part rules on one, its line here goes and a rule in that part's claims takes its place.
"""

from .claims import unruled

GROKKING = {
    "G3": "With Adam, holding the norm of the weights large amounts to a tiny learning rate.",
    "G4": "Updates have a substantial radial component when the initialization is too small or too big.",
    "G5": "Omnigrok's training error is high in every case that is not a toy when the norm is held large.",
    "G6": "Momentum SGD had trouble because gradients at initialization were far too big in some matrices.",
    "G7": "Generalizing circuits reach a lower training loss per parameter than memorizing ones, for large moduli.",
    "G8": "Why generalizing solutions have lower norm was left unexplained.",
    "G9": "That weight decay favors more distributed solutions is somewhat false.",
    "G10": "A ReLU network can multiply through a piecewise linear approximation of the square.",
    "G11": "A GELU network can multiply through the quadratic region of the GELU.",
    "G12": "Multiplication by such units was first described in late 2022.",
    "G13": "With a standard initialization the gradient on the embedding is too small next to the others.",
    "G14": "The embedding at initialization is too small next to the unembedding.",
    "G15": "With an embedding that is small and does not move, a network only regresses on random features.",
    "G16": "In the modular addition network the embedding does learn, perhaps by its size or its weight decay.",
    "G17": "The six matrices that lead to the logits quickly converge to the same size.",
    "G18": "The matrices that do not lead to the logits all converge to zero.",
    "G19": "Weight decay spreads norm evenly between matrices that multiply each other.",
}
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
           "Its author has since given it the narrower title under which it is cited here."),
    "D3": ("words", "The usage comes from the first InstructGPT release.",
           "The comment does not name the word, and its thread was not found."),
    "D4": ("words", "Anthropic's early assistant papers used the word in this way too.",
           "The comment does not name the word, and its thread was not found."),
    "D5": ("words", "People complained about that usage at the time.",
           "Nothing is stated that a computation could decide."),
}  # fmt: skip

for id, says in GROKKING.items():
    unruled(
        id,
        "grokking",
        says,
        source="chan-comments",
        verdict="not yet",
        why="Its part is not written yet.",
    )
for id, (part, says, why) in NEVER.items():
    unruled(id, part, says, source="chan-comments", verdict="no verdict", why=why)
