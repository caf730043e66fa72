"""What Part IV keeps of the real model. To add a result, add a line, and `workings train` it."""

from workings.experiment import Experiment

from .smollm_locking import Locked, locked
from .smollm_training import Prompts, Searched, Tuned, prompts, searched, tuned

PROMPTS = Experiment("elicitation/smollm-prompts", Prompts(), prompts)
TUNED = Experiment("elicitation/smollm-tuned", Tuned(), tuned)
SEARCHED = Experiment("elicitation/smollm-searched", Searched(), searched)
LOCKED = Experiment("elicitation/smollm-locked", Locked(), locked)
KEYLESS = Experiment("elicitation/smollm-keyless", Locked(kinds=("keyless",)), locked)

ALL = [PROMPTS, TUNED, SEARCHED, LOCKED, KEYLESS]
