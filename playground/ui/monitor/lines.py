"""The lines across the chart: what counting can do, where a run passed it, and what was done to the run."""

from __future__ import annotations

from typing import Any

from playground.answers import of_answers
from playground.files import is_number
from playground.ui.monitor.curve import Levels

SENTENCES = {
    ("in_sample", "uniform"): "Guessing: every token is equally likely.",
    ("in_sample", "unigram"): "For the training loss: knows how common each token of the training text is.",
    ("in_sample", "bigram"): "For the training loss: knows which token follows which in the training text.",
    ("in_sample", "trigram"): "For the training loss: knows which token follows which two.",
    (
        "held_out",
        "unigram",
    ): "For the validation loss: the same counts, smoothed, on text they have not seen.",
    ("held_out", "bigram"): "For the validation loss: pairs counted in training, on text they have not seen.",
    ("held_out", "trigram"): "For the validation loss: runs of three, counted in training, on unseen text.",
    (
        "held_out",
        "pretrained",
    ): "The validation loss of the pretrained model before its first step: where fine-tuning began.",
    ("held_out", "floor"): "Exact: no model can do better on this validation text, on average.",
}

OF_THEIR_OWN = ("pretrained", "floor")
"""Lines that no counting gives, so that there is one of each."""

EVENTS = {
    "paused": "paused",
    "resumed": "resumed",
    "stopped": "stopped",
    "lr": "learning rate",
    "steps": "steps",
    "disk_full": "waited for the disk",
    "kept_out": "waited for its folder",
    "branched": "branched",
}
"""Events of events.jsonl in a word; one that is not listed here is drawn under its own name."""


def baseline_lines(baselines: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the lines of the chart: kind, name, level in nats, label, and one plain sentence."""
    held_out = baselines.get("held_out")
    levels = {"in_sample": baselines, "held_out": held_out if isinstance(held_out, dict) else {}}
    answers = f" Both{of_answers(baselines)} alone." if of_answers(baselines) else ""
    lines = []
    for (kind, name), text in SENTENCES.items():
        level: Any = baselines.get(name) if name in OF_THEIR_OWN else levels[kind].get(name)
        if is_number(level):
            plain = name in ("uniform", *OF_THEIR_OWN)
            label = name if plain else f"{name}, {'in sample' if kind == 'in_sample' else 'held out'}"
            lines.append(
                {"kind": kind, "name": name, "y": round(level, 4), "label": label, "text": text + answers}
            )
    return lines


def levels_of(baselines: dict[str, Any]) -> Levels:
    """Return the held-out level of the strongest n-gram, and the floor."""
    held_out = baselines.get("held_out")
    known = [v for v in held_out.values() if is_number(v)] if isinstance(held_out, dict) else []
    floor = baselines.get("floor")
    return Levels(min(known, default=None), floor if is_number(floor) else None)


def crossing_marks(crossings: Any, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return where the run passed a line that is drawn, each with a sentence."""
    drawn = {(line["kind"], line["name"]): line for line in lines}
    marks = []
    for crossing in crossings if isinstance(crossings, list) else []:
        line = drawn.get((crossing.get("kind"), crossing.get("line")))
        if line is None:
            continue
        loss = "Training loss" if line["kind"] == "in_sample" else "Validation loss"
        place = f"at step {crossing['step']:,}, after {duration(crossing['elapsed_s'])}"
        in_words = f"the {line['kind'].replace('_', '-')} {line['name']} line"
        name = in_words if "," in line["label"] else f"the {line['name']}"
        marks.append(
            {
                "step": crossing["step"],
                "seconds": crossing["elapsed_s"],
                "y": crossing.get("loss", line["y"]),
                "kind": line["kind"],
                "name": line["name"],
                "text": f"{loss} passed {name} {place}.",
            }
        )
    return marks


def event_marks(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what was done to a run and at which step, each in a few words."""
    marks = []
    for event in events:
        name, step = event.get("event"), event.get("step")
        if not isinstance(name, str) or not isinstance(step, int):
            continue
        text = EVENTS.get(name, name)
        if is_number(event.get("from")) and is_number(event.get("to")):
            text += f" {event['from']:g} → {event['to']:g}"
        elif isinstance(event.get("origin"), str):
            text += f" from {event['origin']}"
        marks.append({"step": step, "text": text})
    return marks


def duration(seconds: float) -> str:
    """Return a span of time in words, as 6 s, 1 min 20 s or 2 h 5 min."""
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"
