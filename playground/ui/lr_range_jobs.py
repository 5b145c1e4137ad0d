"""Range tests that pages have asked for: one at a time, each in a child process, in a folder of its own."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from playground import runs
from playground.admission import check_config
from playground.config import ConfigError
from playground.files import read_json_lines, write_text_atomic
from playground.limits import limits
from playground.pace import Pace
from playground.ui.train_form import Form

LOWEST, HIGHEST, TRIALS = 1e-5, 10.0, 200
ABANDONED_SECONDS = 15
"""A test that no page has looked at for so long is ended."""
POLL_SECONDS = 0.2
MAX_KEPT = 8
"""Tests that are over and can still be looked at."""


class RangeTest:
    """One test on its way."""

    def __init__(self, form: Form) -> None:
        config = form.stored_config()
        check_config(config)
        self.folder = Path(tempfile.mkdtemp(prefix="playground-lr-range-"))
        try:
            write_text_atomic(self.folder / "config.json", config.to_json())
            form.data.store(self.folder)
            self.child = self._start()
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        self.began = self.looked_at = time.monotonic()
        self.trials: list[dict[str, Any]] = []
        self.found: dict[str, Any] | None = None
        self.error = ""
        self.byte = 0
        self.pace: dict[str, Any] | None = None
        self._measure = Pace()
        self.lock = threading.Lock()
        threading.Thread(target=self._watch, daemon=True).start()

    def _start(self) -> subprocess.Popen:
        values = ("--lowest", str(LOWEST), "--highest", str(HIGHEST), "--trials", str(TRIALS))
        command = [sys.executable, "-m", "playground", "lr-range", "--run", str(self.folder), "--json"]
        with open(self.folder / "out.jsonl", "wb") as out, open(self.folder / "log.txt", "wb") as log:
            return subprocess.Popen(
                [*command, *values],
                stdin=subprocess.DEVNULL, stdout=out, stderr=log,
                cwd=runs.PROJECT, env=runs.worker_environment(),
            )  # fmt: skip

    def _watch(self) -> None:
        """Collect the child when it ends; end it when nobody looks any more."""
        while self.child.poll() is None:
            now, most = time.monotonic(), limits().run_seconds or float("inf")
            if now - self.looked_at > ABANDONED_SECONDS or now - self.began > most:
                self.cancel()
            time.sleep(POLL_SECONDS)
        self.read()
        if self.found is None and not self.error:
            said = runs.last_lines(self.folder / "log.txt", 1)
            self.error = said[0].removeprefix("python -m playground: ") if said else "The test was ended."
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def is_on(self) -> bool:
        """Whether it has not said its last word yet."""
        return self.found is None and not self.error

    def read(self) -> None:
        """Read what the child has written since the last look."""
        with self.lock:
            lines, self.byte = read_json_lines(self.folder / "out.jsonl", self.byte)
            for line in lines:
                if "why" in line:
                    self.found = line
                else:
                    self.trials.append(line)
            self.pace = self._measure.at("testing", len(self.trials), TRIALS)

    def look(self) -> None:
        """Read what is new, and stay alive."""
        self.looked_at = time.monotonic()
        if self.is_on:
            self.read()

    def cancel(self) -> None:
        """End the child; what it found so far is kept."""
        self.error = self.error or "Cancelled."
        with contextlib.suppress(ProcessLookupError):
            self.child.kill()


class RangeTests:
    """The test of each page, by a name that the page has made up."""

    def __init__(self) -> None:
        self.tests: dict[str, RangeTest | str] = {}
        self.lock = threading.Lock()

    def begin(self, token: str, form: Form) -> None:
        """Start a test, or note in a sentence why it can't be."""
        with self.lock:
            busy = any(isinstance(test, RangeTest) and test.is_on for test in self.tests.values())
            self._forget_old()
            try:
                if form.data.is_empty:
                    raise ConfigError("There is no text yet: choose one first.")
                self.tests[token] = (
                    "Another page is testing rates now: try again in a minute." if busy else RangeTest(form)
                )
            except (ValueError, OSError) as error:
                self.tests[token] = str(error)

    def _forget_old(self) -> None:
        over = [name for name, test in self.tests.items() if isinstance(test, str) or not test.is_on]
        for name in over[: max(0, len(over) - MAX_KEPT)]:
            del self.tests[name]

    def find(self, token: str) -> RangeTest | str | None:
        """Return a test, or why there is none; None if it was not asked for yet."""
        return self.tests.get(token)


TESTS = RangeTests()
