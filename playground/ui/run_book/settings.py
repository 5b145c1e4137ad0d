"""The settings that a sweep can vary, the usual ones first, each with values to begin with."""

from __future__ import annotations

import dataclasses
from typing import Any, get_args, get_type_hints

from playground.config.run import PARTS

USUAL = {
    "lr": "1e-3, 3e-3, 1e-2",
    "n_layers": "1, 2, 4",
    "d_model": "32, 64, 128",
    "optimizer": "sgd, adamw, muon",
    "architecture": "transformer, lstm",
    "tokenizer": "char, bpe:512",
    "n_ctx": "32, 64, 128",
    "batch_size": "4, 8, 16",
    "schedule": "constant, cosine, linear",
    "seed": "0, 1, 2",
}


def sweep_settings() -> list[dict[str, Any]]:
    """Return every setting that can be varied: name, values to begin with, whether it is a usual one."""
    found = {}
    for part, cls in PARTS.items():
        hints = get_type_hints(cls)
        for field in dataclasses.fields(cls) if part != "sample" else ():
            if isinstance(field.default, (bool, int, float, str)):
                found[field.name] = USUAL.get(field.name) or _values(hints[field.name], field.default)
    names = [*USUAL, *sorted(set(found) - set(USUAL) - NEVER)]
    return [{"name": name, "values": found[name], "usual": name in USUAL} for name in names]


NEVER = {"d_vocab", "loggers", "text_file", "encoding", "threads", "device"}
"""Settings of which several values teach nothing, or that follow from others."""


def _values(hint: Any, default: Any) -> str:
    choices = get_args(hint)
    if choices:
        return ", ".join(map(str, choices))
    if isinstance(default, bool):
        return "yes, no"
    return f"{default:g}" if isinstance(default, float) else str(default)
