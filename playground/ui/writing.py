"""Text for the Sample tab, token by token with its alternatives, as the page asked for it."""

from __future__ import annotations

import dataclasses
import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from playground import runs
from playground.config import ConfigError, SampleConfig
from playground.turns import WRITING
from playground.ui import messages
from playground.ui.copies_view import copies_note
from playground.ui.form_values import number, whole
from playground.ui.models_in_memory import Talker, model_at
from playground.ui.recipes import command_line, python_code

YIELD_SECONDS, CALM = 0.05, 4
"""Text is sent at most this often: a message for every token would fall behind the model. With more than CALM
writers each is sent to more seldom, so that all messages together stay as many."""

READING = 18.0
"""Characters a second that are read with ease: three to four words."""

N_LIKELIEST = 5
LONGEST_KEPT = 20_000
NO_RUN = "There is no run yet: launch one on the Train tab."
SERIALS = count(1)

Update = tuple[dict[str, Any] | None, str, str]


@dataclass
class Ask:
    """What a button asks for: which mode, the prompt, and the tokens to go on from."""

    mode: str = "generate"
    kept: list[int] = field(default_factory=list)
    prompt: str = ""

    @staticmethod
    def read(packed: str | None, prompt: str) -> Ask:
        """Read what the page's script sent; raises ConfigError for what it can't have sent."""
        try:
            asked = json.loads(packed or "{}")
            kept = [int(token) for token in asked.get("kept") or []]
        except (ValueError, TypeError, AttributeError) as error:
            raise ConfigError("The page asked for something unreadable: reload it.") from error
        if len(kept) > LONGEST_KEPT:
            raise ConfigError(f"The text has {len(kept):,} tokens; it can go on up to {LONGEST_KEPT:,}.")
        own = asked.get("prompt")
        return Ask(str(asked.get("mode", "generate")), kept, own if isinstance(own, str) else prompt)


def settings_of(temperature, top_k, top_p, min_p, penalty, length, seed, beams, stop) -> SampleConfig:
    """Return the settings of the form; raises ConfigError naming a field that can't be."""
    return SampleConfig(
        max_tokens=whole("Length", length),
        temperature=number("Temperature", temperature),
        top_k=whole("Top-k", top_k),
        top_p=number("Top-p", top_p),
        min_p=number("Min-p", min_p),
        repetition_penalty=number("Repetition penalty", penalty),
        seed=whole("Seed", seed),
        beams=whole("Beams", beams),
        stop=stop_strings(stop),
    )


def stop_strings(text: str | None) -> tuple[str, ...]:
    r"""Read strings between bars; \n and \t stand for a new line and a tab."""
    parts = (part.strip() for part in str(text or "").split("|"))
    return tuple(part.replace("\\n", "\n").replace("\\t", "\t") for part in parts if part)


def write(name: str | None, step: int | None, prompt: str, *form: Any) -> Iterator[Update]:
    """Yield the tokens so far, a note, and what was copied, not more often than is read.

    form: the values of settings_of, then whether to write at reading speed, then what the script asks for.
    """
    *values, slowly, packed = form
    try:
        if not name:
            raise runs.RunError(NO_RUN)
        settings = settings_of(*values)
        ask = Ask.read(packed, prompt or "")
        yield from _write(model_at(name, step), ask, settings, bool(slowly))
    except (ValueError, runs.RunError) as error:
        yield None, messages.error(str(error)), ""


def _write(talker: Talker, ask: Ask, settings: SampleConfig, slowly: bool) -> Iterator[Update]:
    drawn_with = dataclasses.replace(settings, seed=settings.seed + len(ask.kept))
    value = _value(talker, ask, settings)
    tokens, slid, waited = value["tokens"], False, 0.0
    began = last = time.perf_counter()
    for piece in talker.pieces(ask.prompt, ask.kept, drawn_with, N_LIKELIEST):
        if piece.drawn is None and not piece.text:
            if time.perf_counter() - last >= YIELD_SECONDS:
                last = time.perf_counter()
                yield value, messages.note(f"{talker.title} · following {settings.beams} beams …"), ""
            continue
        if piece.drawn is None:
            tokens[-1:] = [[*tokens[-1][:1], tokens[-1][1] + piece.text, *tokens[-1][2:]]] if tokens else []
            continue
        tokens.append(_token(talker, piece))
        slid = slid or piece.drawn.slid
        if slowly:
            waited += len(piece.text) / READING
            time.sleep(max(0.0, began + waited - time.perf_counter()))
        if time.perf_counter() - last >= YIELD_SECONDS * max(1, len(WRITING) / CALM) or len(tokens) == 1:
            last = time.perf_counter()
            yield (
                {**value, "tokens": list(tokens)},
                messages.note(f"{talker.title} · {len(tokens)} tokens"),
                "",
            )
    seconds = time.perf_counter() - began
    copies, spans = copies_note(talker, [*ask.kept, *(token[0] for token in tokens)])
    has_ended = bool(tokens) and tokens[-1][0] == talker.tokenizer.end_id
    note = _note(talker, settings, len(tokens), seconds, slid, slowly, has_ended)
    yield {**value, "tokens": list(tokens), "copied": spans}, messages.note(note), copies


def _value(talker: Talker, ask: Ask, settings: SampleConfig) -> dict[str, Any]:
    loaded = talker.loaded
    return {
        "serial": f"{time.time():.0f}-{next(SERIALS)}",
        "prompt": ask.prompt,
        "title": talker.title,
        "kept": ask.kept,
        "tokens": [],
        "copied": [],
        "settings": {k: v for k, v in dataclasses.asdict(settings).items() if k != "prompts"},
        "command": command_line(loaded.run, loaded.step, ask.prompt, settings),
        "python": python_code(loaded.run, loaded.step, ask.prompt, settings),
    }


def _token(talker: Talker, piece: Any) -> list[Any]:
    """Return a token as the script reads it: id, text, probabilities, and the candidates for its place.

    Of the two probabilities the first is the one under the rules, the second the model's own.
    """
    drawn = piece.drawn
    likeliest = [
        [one.token, talker.tokenizer.piece(one.token).decode("utf-8", "replace"), *_rounded(one.p, one.own_p)]
        for one in drawn.likeliest
    ]
    return [drawn.token, piece.text, *_rounded(math.exp(drawn.log_prob), drawn.own_p), likeliest]


def _rounded(*shares: float) -> list[float]:
    return [float(f"{share:.5g}") for share in shares]


def _note(
    talker: Talker,
    settings: SampleConfig,
    n_tokens: int,
    seconds: float,
    slid: bool,
    slowly: bool,
    has_ended: bool,
) -> str:
    speed = "at reading speed" if slowly else f"{n_tokens / max(seconds, 1e-9):,.0f} per second"
    notes = [talker.title, f"{n_tokens} tokens, {speed}"]
    if settings.beams > 1:
        notes.append(f"the likeliest text of {settings.beams} beams: of the sliders only the penalty counts")
    if has_ended:
        notes.append("it ended the text itself")
    elif n_tokens < settings.max_tokens:
        notes.append("it came to a string to stop before")
    if slid:
        notes.append("the context was full, so its older half was forgotten")
    return " · ".join(notes)
