"""Texts being prepared in threads of their own, so that no event and no visitor waits for another's text.

A visitor watches one text at a time. Visitors who ask for the same text share its thread; a text that nobody
watches any more is given up. What was prepared lies in the cache under its content, so asking again is quick.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from contextvars import copy_context
from typing import Any

from playground.pace import Pace
from playground.prepared import Prepared
from playground.splits import Report

MAX_KEPT = 32
"""Texts that are remembered, ready or failed; they take little memory, as tokens stay on the disk."""

Make = Callable[[Report], Prepared]


class CancelledError(Exception):
    """Nobody waits for this text any more."""


class Job:
    """One text on its way to being prepared."""

    def __init__(self, make: Make) -> None:
        self.make, self.watchers = make, set[str]()
        self.phase = "reading the text"
        self.pace: dict[str, Any] | None = None
        self.prepared: Prepared | None = None
        self.error = ""
        self.done = threading.Event()
        self.given_up = threading.Event()
        self._measure = Pace()
        # In the name of who asks first: a run's tokenizer is read by who may see the run.
        self.thread = threading.Thread(target=copy_context().run, args=(self._run,), daemon=True)

    def _run(self) -> None:
        try:
            self.prepared = self.make(self._report)
        except CancelledError:
            self.error = "Cancelled."
        except (ValueError, OSError) as error:  # text or settings that can't work, each in one sentence
            self.error = str(error)
        except Exception as error:
            logging.exception("A text could not be prepared")
            self.error = f"This text can't be prepared: {type(error).__name__}: {error}"
        self.done.set()

    def _report(self, phase: str, done: int, total: int) -> None:
        if self.given_up.is_set():
            raise CancelledError
        self.pace = self._measure.at(phase, done, total)
        self.phase = phase


class Jobs:
    """The texts that visitors watch, by key."""

    def __init__(self) -> None:
        self.jobs: OrderedDict[str, Job] = OrderedDict()
        self.watched: dict[str, str] = {}
        """What each visitor watches."""
        self.cancelled: dict[str, str] = {}
        """What each visitor has cancelled last."""
        self.lock = threading.Lock()

    def watch(self, visitor: str, key: str, make: Make) -> Job | None:
        """Return the job of a key, started if there is none yet; None if this visitor has cancelled it."""
        with self.lock:
            if self.cancelled.get(visitor) == key:
                return None
            if self.watched.get(visitor) != key:
                self._leave(visitor)
            job = self.jobs.get(key)
            if job is None or job.given_up.is_set():
                job = self.jobs[key] = Job(make)
                job.thread.start()
            self.jobs.move_to_end(key)
            self.watched[visitor] = key
            job.watchers.add(visitor)
            self._forget_old()
            return job

    def cancel(self, visitor: str, key: str) -> None:
        """Give up a text that a visitor waits for; another visitor's wait for it goes on."""
        with self.lock:
            if self.watched.get(visitor) == key:
                self._leave(visitor)
            self.cancelled[visitor] = key

    def retry(self, visitor: str, key: str) -> None:
        """Let a text that was cancelled, or that failed, be prepared again."""
        with self.lock:
            self.cancelled.pop(visitor, None)
            job = self.jobs.get(key)
            if job is not None and job.error:
                del self.jobs[key]

    def leave(self, visitor: str) -> None:
        """Forget a visitor whose page is gone."""
        with self.lock:
            self._leave(visitor)
            self.cancelled.pop(visitor, None)

    def _leave(self, visitor: str) -> None:
        self.cancelled.pop(visitor, None)
        job = self.jobs.get(self.watched.pop(visitor, ""))
        if job is None:
            return
        job.watchers.discard(visitor)
        if not job.watchers and not job.done.is_set():
            job.given_up.set()

    def _forget_old(self) -> None:
        idle = [key for key, job in self.jobs.items() if job.done.is_set() and not job.watchers]
        for key in idle[: max(0, len(self.jobs) - MAX_KEPT)]:
            del self.jobs[key]
