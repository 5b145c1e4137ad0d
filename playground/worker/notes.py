"""What a worker writes down: records, events, status, and what other dashboards are told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from playground import memory
from playground.control import Control
from playground.crossings import CrossingWatch
from playground.loggers import Logger
from playground.pace import Pace
from playground.patience import Patience
from playground.progress import Progress
from playground.records import Line, Records
from playground.status_file import StatusFile

Result = TypeVar("Result")


class Notes:
    """The files of a run that are read while it trains; while they can't be written, it is paused."""

    def __init__(self, run: Path, status: StatusFile, control: Control) -> None:
        self.status, self.control, self.records = status, control, Records(run)
        self.patience = Patience(run, status, control, self._note_wait)
        self.pace, self.watch = Pace(), CrossingWatch({})
        self.progress = Progress()
        """Where the run stands: that of its job, once there is one."""
        self.loggers: Sequence[Logger] = ()
        self.flops_share = 0.0
        """What a token a second takes of this machine's peak."""
        self.estimated: int | None = None
        """Bytes of memory that this process was expected to need."""

    def insist(self, action: Callable[[], Result], needed: int = 1 << 20) -> Result:
        """Do what writes about `needed` bytes, again and again while it can't be; return its result."""
        return self.patience.insist(action, needed)

    def phase(self, phase: str, done: int = 0, total: int = 0) -> None:
        """Say what is being prepared and how far it is; raises StopRequestedError if the run is to stop."""
        pace = self.pace.at(phase, done, total)
        self.status.update(force=not done, state="preparing", phase=phase, pace=pace)
        self.control.check_stop()

    def say(self, *sentences: str) -> None:
        """Say in the log and in status.json what of the text is not learned as it is; "" says nothing."""
        said = [sentence for sentence in sentences if sentence]
        self.status.update(text=" ".join(said))
        for sentence in said:
            print(sentence, flush=True)

    def record(self, record: Line) -> None:
        """Write down what was measured at a step."""
        record["mfu"] = record.get("tokens_per_s", 0.0) * self.flops_share
        self.insist(lambda: self.records.append("metrics", record))
        for logger in self.loggers:
            logger.log(record)
        self.watch.watch(record)

    def samples(self, lines: list[Line]) -> None:
        """Write down completions."""
        self.insist(lambda: self.records.append("samples", *lines))
        for logger in self.loggers if lines else ():
            logger.log_samples(lines)

    def event(self, event: str, **values: Any) -> None:
        """Write down what was done to the run at the step where it stands."""
        where = self.progress.step, self.progress.elapsed_s
        self.insist(lambda: self.records.event(event, *where, **values))

    def heartbeat(self, record: Line, total_steps: int) -> None:
        """Say in status.json how far the run is, twice a second at most."""
        speed = record.get("tokens_per_s", 0.0)
        tokens_left = record["tokens_seen"] / max(1, record["step"]) * (total_steps - record["step"])
        if self.status.is_due():
            self.status.values["memory"] = self.memory()
        self.status.update(
            force=False,
            step=record["step"],
            elapsed_s=round(record["elapsed_s"], 2),
            tokens_per_s=round(speed, 1),
            seconds_left=round(tokens_left / speed, 1) if speed else None,
            crossings=self.watch.found,
        )
        if self.status.is_kept_out:  # records may still be written where no new file can be made
            self.insist(self.status.write)

    def memory(self) -> dict[str, int | None]:
        """Return what is needed to explain it if the system ends this process for want of memory."""
        held, free, kills = memory.held_bytes(), memory.free_bytes(), memory.memory_kills()
        return {"held": held, "free": free, "kills": kills, "estimated": self.estimated}

    def close(self) -> None:
        """Let the loggers finish."""
        for logger in self.loggers:
            logger.close()

    def _note_wait(self, why: str, seconds: float) -> None:
        self.progress.paused_s += seconds
        self.event(why, seconds=round(seconds, 1))
