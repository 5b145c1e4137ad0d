"""The same prompt and seed in columns, and at every kept checkpoint of a run."""

from __future__ import annotations

import dataclasses
import html
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from playground import runs
from playground.config import ConfigError, SampleConfig
from playground.ui import messages
from playground.ui.models_in_memory import Talker, model_at
from playground.ui.run_choices import NEWEST
from playground.ui.sample_form import VARIED
from playground.ui.writing import NO_RUN, settings_of

MOST_COLUMNS = 4
MOST_STEPS = 24
"""Checkpoints that the scrubber goes through, spread over all of them."""


@dataclass(frozen=True)
class Column:
    """A model, what it writes with, and in what it differs from the others."""

    talker: Talker
    settings: SampleConfig
    title: str


def compare(
    chosen: list[str] | None,
    varied: str,
    values: str | None,
    name: str | None,
    step: int | None,
    prompt: str,
    *form: Any,
) -> Iterator[str]:
    """Yield the columns as they fill: each chosen RUN@STEP (none: `name` at `step`) with each value."""
    try:
        if not (chosen or name):
            raise runs.RunError(NO_RUN)
        settings = _each_value(varied, values, settings_of(*form))
        places = chosen or [f"{name}@{NEWEST if step is None else step}"]
        if not 2 <= len(places) * len(settings) <= MOST_COLUMNS:
            raise ConfigError(
                f"Give two to {MOST_COLUMNS} columns: checkpoints ({len(places)}) times values of {varied} "
                f"({len(settings)}) are {len(places) * len(settings)}."
            )
        columns = [_column(place, varied, own) for place in places for own in settings]
        texts = ["…"] * len(columns)
        for number, column in enumerate(columns):
            texts[number] = _text(column.talker, prompt, column.settings)
            shown = (_html(one.title, prompt, text) for one, text in zip(columns, texts, strict=True))
            yield f'<div class="pg-columns" data-testid="columns">{"".join(shown)}</div>'
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
            raise runs.NoCheckpointYetError(name)
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


def _each_value(varied: str, values: str | None, settings: SampleConfig) -> list[SampleConfig]:
    """Return the settings with each of the numbers between commas in one of them; none: as they are."""
    if varied not in list(VARIED):
        raise ConfigError(f"Setting that differs must be one of {', '.join(VARIED)}, but it is {varied!r}.")
    if not (values or "").strip():
        return [settings]
    field = VARIED[varied]
    kind = type(getattr(SampleConfig(), field))
    try:
        numbers = [kind(one) for one in (values or "").split(",")]
    except ValueError as error:
        whole = "whole numbers" if kind is int else "numbers"
        raise ConfigError(
            f"Values of {varied} must be {whole} between commas, but they are {values!r}."
        ) from error
    return [dataclasses.replace(settings, **{field: number}) for number in numbers]


def _column(place: str, varied: str, settings: SampleConfig) -> Column:
    name, _, step = place.rpartition("@")
    talker = model_at(name, int(step))
    value = getattr(settings, VARIED[varied])
    return Column(talker, settings, f"{talker.title} · {varied.lower()} {value:g}")


def _text(talker: Talker, prompt: str, settings: SampleConfig) -> str:
    return "".join(piece.text for piece in talker.pieces(prompt or "", [], settings))


def _html(title: str, prompt: str, text: str) -> str:
    words = (html.escape(one) for one in (title, prompt or "", text))
    return "<article><h4>{}</h4><p><b>{}</b>{}</p></article>".format(*words)
