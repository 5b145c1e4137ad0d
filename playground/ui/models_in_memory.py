"""The models that the page talks to: each loaded once, whoever asks, and kept while there is room."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from playground import runs
from playground.limits import limits
from playground.turns import WRITING

if TYPE_CHECKING:
    import numpy as np

    from playground.completion import Piece
    from playground.config import SampleConfig
    from playground.loading import LoadedRun
    from playground.tokenizers import Tokenizer

LAST_STEP = 10**12
"""No run comes so far."""

KEPT_BYTES = 512 * 2**20
"""Of weights held in memory; a model of the playground has a few megabytes."""
LEAST_KEPT = 2
"""Models that are held whatever they take: one is often compared with another."""


class Talker:
    """A loaded run that answers prompts."""

    def __init__(self, loaded: LoadedRun) -> None:
        self.loaded = loaded
        self.tokenizer: Tokenizer = loaded.tokenizer
        self.title = _title(loaded.run, loaded.step)
        self.n_bytes = sum(p.numel() * p.element_size() for p in loaded.model.parameters())

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
        """Yield what follows a prompt and the tokens kept after it, as it is drawn, in turn with all others.

        Beams are found in one go, before the first of their tokens, so they take no turns. Raises ConfigError
        if a kept token is none of this model's, LimitError for more than is allowed here.
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
        found = complete(self.loaded.model, self.tokenizer, tokens, settings, n_likeliest=n_likeliest)
        return found if settings.beams > 1 else WRITING.share(found)

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


class Models:
    """Loaded models; those used last are kept."""

    def __init__(self) -> None:
        self.kept: OrderedDict[tuple[Path, int, str], Talker] = OrderedDict()
        self.loading: dict[tuple[Path, int, str], threading.Lock] = {}
        self.lock = threading.Lock()

    def at(self, run: Path, step: int, made: str) -> Talker:
        """Return the model of a step, loaded unless it is here; `made` tells runs of one name apart."""
        key = (run, step, made)
        with self.lock:
            own = self.loading.setdefault(key, threading.Lock())
        with own:  # who asks for the same one meanwhile waits for it
            with self.lock:
                found = self.kept.get(key)
            found = found or self._load(run, step)
            with self.lock:
                self._keep(key, found)
        return found

    def _load(self, run: Path, step: int) -> Talker:
        from playground.loading import load_run

        return Talker(load_run(run, step))

    def _keep(self, key: tuple[Path, int, str], talker: Talker) -> None:
        self.kept[key] = talker
        self.kept.move_to_end(key)
        self.loading.pop(key, None)
        total = sum(each.n_bytes for each in self.kept.values())
        while total > KEPT_BYTES and len(self.kept) > LEAST_KEPT:
            total -= self.kept.popitem(last=False)[1].n_bytes

    def forget(self) -> None:
        """Forget all of them."""
        with self.lock:
            self.kept.clear()


MODELS = Models()


def model_at(name: str, step: int | None = None) -> Talker:
    """Return the model of a run at a step, None or -1: the newest.

    Raises RunError or CheckpointError in one sentence.
    """
    run, step = _place(name, step)
    status = runs.status(run)
    return MODELS.at(run, step, f"{status.get('created')} {status.get('generation', 0)}")


def title_at(name: str, step: int | None = None) -> str:
    """Return the title of a model without loading it; raises as model_at does."""
    run, step = _place(name, step)
    return _title(run.name, step)


def _title(name: str, step: int) -> str:
    return f"{name}, step {step:,}"


def _place(name: str, step: int | None) -> tuple[Path, int]:
    from playground.loading import newest_step

    run = runs.find(runs.runs_root(), name)
    if limits().public:
        runs.mark_seen(run)
    step = newest_step(run) if step is None or step < 0 else step
    if step > LAST_STEP:
        raise runs.RunError(f"{name} has no such checkpoint.")
    return run, step
