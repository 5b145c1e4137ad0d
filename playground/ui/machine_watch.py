"""How fast this machine is, measured once by a child process while the page goes on."""

from __future__ import annotations

import subprocess
import sys
import threading

from playground import runs
from playground.accounting import Machine, load_machine

COMMAND = [
    sys.executable, "-m", "playground", "estimate", "--calibrate", "--preset", "tiny", "--d-vocab", "512",
]  # fmt: skip


class MachineWatch:
    """The measurements of this machine, or that they are on their way."""

    def __init__(self) -> None:
        self.machine: Machine | None = None
        self.child: subprocess.Popen | None = None
        self.lock = threading.Lock()

    def ask(self) -> Machine | None:
        """Return the measurements; where there are none yet, begin to measure, once, unless a run trains.

        A run beside it would be slowed down, and would spoil what is measured.
        """
        with self.lock:
            if self.machine is None:
                self.machine = load_machine()
            if self.machine is None and self.child is None and not runs.active_run(runs.runs_root()):
                self.child = subprocess.Popen(
                    COMMAND,
                    cwd=runs.PROJECT,
                    env=runs.worker_environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            return self.machine

    @property
    def is_measuring(self) -> bool:
        """Whether a child is at it now."""
        return self.machine is None and self.child is not None and self.child.poll() is None


MACHINE = MachineWatch()
