"""The models that the page talks to, kept while they are the newest of their run."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from playground import runs
from playground.limits import limits

if TYPE_CHECKING:
    import numpy as np

    from playground.completion import Piece
    from playground.config import SampleConfig
    from playground.loading import LoadedRun
    from playground.tokenizers import Tokenizer

LAST_STEP = 10**12
"""No run comes so far."""

KEPT = 4
"""Models held in memory; a model of the playground is a few megabytes."""


class Talker:
    """A loaded run that answers prompts."""

    def __init__(self, loaded: LoadedRun) -> None:
        self.loaded = loaded
        self.tokenizer: Tokenizer = loaded.tokenizer
        self.title = f"{loaded.run}, step {loaded.step:,}"

    def next_logits(self, tokens: list[int]) -> tuple[np.ndarray, list[int]]:
        """Return the logits after the tokens that fit into the context, and these tokens."""
        import torch

        tokens = self._with_start(tokens)[-self.loaded.config.model.n_ctx :]
        with torch.inference_mode():
            logits = self.loaded.model(torch.tensor([tokens]))[0, -1]
        return logits.float().numpy(), tokens

    def pieces(
        self, prompt: str, kept: list[int], settings: SampleConfig, n_likeliest: int = 0
    ) -> Iterator[Piece]:
        """Yield what follows a prompt and the tokens kept after it, as it is drawn.

        Raises ConfigError if a kept token is none of this model's, LimitError for more than is allowed here.
        """
        from playground.completion import complete
        from playground.config import ConfigError

        bounds = limits()
        bounds.check("prompt_characters", len(prompt), "The length of the prompt")
        bounds.check("sample_tokens", settings.max_tokens * settings.beams, "The length of the text")
        wrong = next((token for token in kept if not 0 <= token < self.tokenizer.d_vocab), None)
        if wrong is not None:
            raise ConfigError(f"Token {wrong} is not in this model's vocabulary: press Generate.")
        tokens = [*self._with_start(self.tokenizer.encode(prompt)), *kept]
        return complete(self.loaded.model, self.tokenizer, tokens, settings, n_likeliest=n_likeliest)

    def prompt_note(self, prompt: str, tokens: list[int]) -> str:
        """Say what of the prompt the model can't see, if anything."""
        unknown = self.tokenizer.unknown_characters(prompt)
        n_ctx = self.loaded.config.model.n_ctx
        notes = []
        if unknown:
            notes.append(f"Left out, since this model never saw them: {' '.join(unknown)}.")
        if len(tokens) == n_ctx and len(self.tokenizer.encode(prompt)) > n_ctx:
            notes.append(f"Only the last {n_ctx} tokens fit into the model's context.")
        return " ".join(notes)

    def _with_start(self, tokens: list[int]) -> list[int]:
        """An empty prompt starts a new text: after the end of one, a text begins."""
        from playground.config import ConfigError

        if tokens:
            return tokens
        if self.tokenizer.end_id is None:
            raise ConfigError("Type a prompt: at least one character that this model knows.")
        return [self.tokenizer.end_id]


def model_at(name: str, step: int | None = None) -> Talker:
    """Return the model of a run at a step, None or -1: the newest.

    Raises RunError or CheckpointError in one sentence.
    """
    from playground.loading import newest_step

    run = runs.find(runs.runs_root(), name)
    step = newest_step(run) if step is None or step < 0 else step
    if step > LAST_STEP:
        raise runs.RunError(f"{name} has no such checkpoint.")
    status = runs.status(run)
    return _load(run, step, f"{status.get('created')} {status.get('generation', 0)}")


@lru_cache(maxsize=KEPT)
def _load(run: Path, step: int, made: str) -> Talker:
    """Load a checkpoint; `made` tells a run from an earlier one of the same name."""
    from playground.loading import load_run

    return Talker(load_run(run, step))
