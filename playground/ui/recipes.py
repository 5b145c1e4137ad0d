"""The same text again, outside the page: as a command line and as Python."""

from __future__ import annotations

import dataclasses
import shlex
from typing import Any

from playground.config import SampleConfig


def command_line(run: str, step: int, prompt: str, settings: SampleConfig) -> str:
    """Return the command that writes the same text."""
    words = ["python", "-m", "playground", "sample", "--run", run, "--step", str(step), "--prompt", prompt]
    for name, value in _set(settings).items():
        words += [f"--{name.replace('_', '-')}", *(value if isinstance(value, tuple) else [str(value)])]
    return shlex.join(words)


def python_code(run: str, step: int, prompt: str, settings: SampleConfig) -> str:
    """Return Python that writes the same text."""
    values = ", ".join(f"{name}={value!r}" for name, value in _set(settings).items())
    return f"""from playground import runs
from playground.completion import complete
from playground.config import SampleConfig
from playground.loading import load_run

loaded = load_run(runs.find(runs.runs_root(), {run!r}), {step})
settings = SampleConfig({values})
tokens = loaded.tokenizer.encode({prompt!r})
for piece in complete(loaded.model, loaded.tokenizer, tokens, settings):
    print(piece.text, end="")
"""


def _set(settings: SampleConfig) -> dict[str, Any]:
    """Return length and seed, and what differs from the settings' own beginning."""
    plain = SampleConfig()
    values = {f.name: getattr(settings, f.name) for f in dataclasses.fields(settings) if f.name != "prompts"}
    always = ("max_tokens", "temperature", "seed")
    return {name: v for name, v in values.items() if name in always or v != getattr(plain, name)}
