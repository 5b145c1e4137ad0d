"""The same prompt and seed in columns, and at every kept checkpoint of a run."""

from __future__ import annotations

import dataclasses
import html
from collections.abc import Iterator
from typing import Any

from playground import runs
from playground.config import ConfigError, SampleConfig
from playground.ui import messages
from playground.ui.models_in_memory import Talker, model_at
from playground.ui.writing import NO_RUN, settings_of

MOST_COLUMNS = 4
MOST_STEPS = 24
"""Checkpoints that the scrubber goes through, spread over all of them."""


def compare(chosen: list[str] | None, temperatures: str, prompt: str, *form: Any) -> Iterator[str]:
    """Yield the columns as they fill: each chosen RUN@STEP at each temperature, with one seed."""
    try:
        settings = settings_of(*form)
        columns = [
            (place, dataclasses.replace(settings, temperature=temperature))
            for place in chosen or []
            for temperature in _temperatures(temperatures, settings)
        ]
        if not 2 <= len(columns) <= MOST_COLUMNS:
            raise ConfigError(
                f"Choose two to {MOST_COLUMNS} columns: checkpoints times temperatures are {len(columns)}."
            )
        done: list[str] = []
        for place, own in columns:
            name, _, step = place.rpartition("@")
            talker = model_at(name, int(step))
            done.append(
                _column(
                    f"{talker.title} · temperature {own.temperature:g}", prompt, _text(talker, prompt, own)
                )
            )
            yield f'<div class="pg-columns" data-testid="columns">{"".join(done)}</div>'
    except (ValueError, runs.RunError) as error:
        yield messages.error(str(error))


def through_time(name: str | None, prompt: str, *form: Any) -> Iterator[tuple[dict[str, Any] | None, str]]:
    """Yield the text at each kept checkpoint of a run, for the scrubber, and a note, as they come."""
    try:
        if not name:
            raise runs.RunError(NO_RUN)
        settings = settings_of(*form)
        steps = spread(runs.checkpoints(runs.find(runs.runs_root(), name)), MOST_STEPS)
        if not steps:
            raise ConfigError(f"{name} has no checkpoint yet: wait for its first one.")
        texts: list[list[Any]] = []
        for step in steps:
            texts.append([step, _text(model_at(name, step), prompt, settings)])
            note = messages.note(f"{len(texts)} of {len(steps)} checkpoints of {name}, seed {settings.seed}")
            yield {"prompt": prompt, "texts": list(texts)}, note
    except (ValueError, runs.RunError) as error:
        yield None, messages.error(str(error))


def spread(steps: list[int], most: int) -> list[int]:
    """Return at most so many of the steps, evenly spread, with the first and the last."""
    if len(steps) <= most:
        return steps
    return [steps[round(i * (len(steps) - 1) / (most - 1))] for i in range(most)]


def _temperatures(text: str | None, settings: SampleConfig) -> list[float]:
    """Read numbers between commas; none: the slider's."""
    if not (text or "").strip():
        return [settings.temperature]
    try:
        return [float(one) for one in (text or "").split(",")]
    except ValueError as error:
        raise ConfigError(f"Temperatures must be numbers between commas, but they are {text!r}.") from error


def _text(talker: Talker, prompt: str, settings: SampleConfig) -> str:
    return "".join(piece.text for piece in talker.pieces(prompt or "", [], settings))


def _column(title: str, prompt: str, text: str) -> str:
    words = (html.escape(one) for one in (title, prompt or "", text))
    return "<article><h4>{}</h4><p><b>{}</b>{}</p></article>".format(*words)
