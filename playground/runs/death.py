"""What is known of a worker that died without a word."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

from playground.files import read_json
from playground.memory import memory_kills
from playground.processes import boot_id
from playground.runs.folders import last_lines

EXIT_FILE = "exit.json"
"""Left by whoever started the worker: how it ended."""

KILLED = -9
LOW_SHARE = 0.1
"""Less free memory than this share of what the worker held is next to none."""


def death_notice(run: Path, state: dict[str, Any]) -> str:
    """Say in a sentence or two how the worker of a run ended."""
    at_step = f"at step {state['step']}"
    if state.get("boot") and boot_id() and state["boot"] != boot_id():
        return f"The machine was restarted when the run was {at_step}: it can be resumed."
    code = _exit_code(run, state)
    memory = state.get("memory") or {}
    certain = _was_counted(memory)
    if certain or (code in (KILLED, None) and _was_scarce(memory)):
        surely = "because memory ran out" if certain else "probably because memory ran out"
        return (
            f"The system ended the training process {at_step}, {surely}: {memory_sentence(memory)}. "
            "Choose a smaller batch, context or model, or close other programs, and resume."
        )
    if code is not None and code < 0:
        return f"The training process was killed {at_step} by signal {-code} ({_signal_name(-code)})."
    lines = last_lines(run / "log.txt", 1)
    said = f" Its last words: {lines[0]}" if lines else ""
    return f"The training process ended {at_step} without saying why: it was killed, or it crashed.{said}"


def memory_sentence(memory: dict[str, Any]) -> str:
    """Say what a run was estimated to need, what it held and what was free, as far as it is known."""
    words = {"estimated": "it was estimated to need", "held": "it held", "free": "free were"}
    parts = [
        f"{said} {memory[key] / 1e9:.2f} GB" for key, said in words.items() if memory.get(key) is not None
    ]
    return ", ".join(parts) or "how much it held is not known"


def _exit_code(run: Path, state: dict[str, Any]) -> int | None:
    left = read_json(run / EXIT_FILE) or {}
    return left.get("code") if left.get("pid") == state.get("pid") else None


def _was_counted(memory: dict[str, Any]) -> bool:
    """Tell whether the system has ended a process of this container since the worker's last heartbeat."""
    before, now = memory.get("kills"), memory_kills()
    return before is not None and now is not None and now > before


def _was_scarce(memory: dict[str, Any]) -> bool:
    free, held = memory.get("free"), memory.get("held")
    if free is None or held is None:
        return False
    return free < LOW_SHARE * held or memory.get("estimated", 0) > free + held


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"
