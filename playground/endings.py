"""How a run ends, in a state and a sentence, whatever ended it."""

from __future__ import annotations

import re
from pathlib import Path

import torch

from playground.distributed import LostProcessError
from playground.files import explain_os_error, is_kept_out
from playground.memory import free_bytes, held_bytes
from playground.progress import DivergedError
from playground.runs.death import memory_sentence

FORESEEN = (ValueError, DivergedError, LostProcessError)
"""Settings, text or numbers that can't work, and the death of another process: the message is a sentence."""

GONE = "{} is gone: it was deleted or moved away while the run was under way, so the run has ended."

NO_MEMORY = re.compile(r"out of memory|can't allocate memory", re.IGNORECASE)


def explain(error: BaseException, run: Path, estimated: int | None) -> str:
    """Say in one sentence why a run failed; an error that nobody foresaw is named by its type."""
    if is_out_of_memory(error):
        return explain_memory(error, estimated)
    if isinstance(error, OSError) and not run.is_dir():
        return GONE.format(run)
    if isinstance(error, OSError):
        return explain_os_error(error, Path(error.filename or run), "resume the run")
    if isinstance(error, FORESEEN):
        return str(error)
    return f"{type(error).__name__}: {error}"


def is_foreseen(error: BaseException, run: Path) -> bool:
    """Tell whether the sentence says it all, so that no traceback is needed."""
    if isinstance(error, OSError) and (is_kept_out(error) or not run.is_dir()):
        return True
    return isinstance(error, FORESEEN) or is_out_of_memory(error)


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether memory ran out: of the machine, or of the GPU."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and NO_MEMORY.search(str(error)) is not None


def explain_memory(error: BaseException, estimated: int | None) -> str:
    """Say where memory ran out, and what was needed and free as far as it is known."""
    on_gpu = isinstance(error, torch.OutOfMemoryError) and torch.cuda.is_available()
    if on_gpu:
        free, total = torch.cuda.mem_get_info()
        figures = {"estimated": estimated, "held": total - free, "free": free}
    else:
        figures = {"estimated": estimated, "held": held_bytes(), "free": free_bytes()}
    where = "The GPU's memory" if on_gpu else "Memory"
    asked = re.search(r"tried to allocate ([\d.]+ ?\w+)|allocate ([\d.]+ \w+)", str(error), re.IGNORECASE)
    at_once = f" when {asked[1] or asked[2]} more were asked for" if asked else ""
    return (
        f"{where} ran out{at_once}: {memory_sentence(figures)}. Choose a smaller batch (and accumulate), "
        "a shorter context or a smaller model."
    )
