"""What a run writes down as it goes: metrics.jsonl, samples.jsonl and events.jsonl, whole lines only."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from playground.files import read_json_lines, sync_all, write_text_atomic

Line = dict[str, Any]
NAMES = ("metrics", "samples", "events")


def append_lines(path: Path, *lines: Line) -> None:
    """Append lines to a file, without waiting for the disk; what does not fit leaves nothing behind."""
    data = "".join(json.dumps(line) + "\n" for line in lines).encode()
    with open(path, "ab", buffering=0) as file:
        end = file.seek(0, os.SEEK_END)
        try:
            while data:  # a disk that is nearly full takes a part
                data = data[file.write(data) :]
        except OSError:
            file.truncate(end)
            raise


class Records:
    """The three files of a run, begun anew or gone on with."""

    def __init__(self, run: Path) -> None:
        self.paths = {name: run / f"{name}.jsonl" for name in NAMES}

    def clear(self) -> None:
        """Begin anew."""
        for path in self.paths.values():
            path.unlink(missing_ok=True)

    def cut_after(self, step: int) -> list[Line]:
        """Drop what was recorded after a step, to be learned again; return the metrics that stay.

        The record of step 0 comes before the first step, so a run that goes on from step 0 writes it again.
        """
        kept: dict[str, list[Line]] = {}
        for name, path in self.paths.items():
            lines, _ = read_json_lines(path)
            first = 0 if step > 0 or name == "events" else 1
            kept[name] = [line for line in lines if first <= line.get("step", 0) <= step]
            text = "".join(json.dumps(line) + "\n" for line in kept[name])
            write_text_atomic(path, text, durable=True)
        return kept["metrics"]

    def append(self, name: str, *lines: Line) -> None:
        """Append lines to the file of this name."""
        append_lines(self.paths[name], *lines)

    def event(self, event: str, step: int, elapsed_s: float, **values: Any) -> None:
        """Record what was done to the run between two steps: the chart marks it."""
        place = {"step": step, "event": event, "time": time.time(), "elapsed_s": round(elapsed_s, 2)}
        self.append("events", place | values)

    def sync(self) -> None:
        """Wait until all lines are on the disk: a checkpoint must not outlive what led to it."""
        sync_all(path for path in self.paths.values() if path.exists())
