"""Real workers that start at once: a process that has everything imported forks one for each request."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.small_runs import end

SERVER = """
import os, pathlib, signal, sys
import torch._dynamo  # which an optimizer would import later, for a second
from playground import worker
signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits: ended workers leave no zombies
for line in sys.stdin:
    resume, run = line.rstrip("\\n").split(" ", 1)
    pid = os.fork()
    if pid == 0:
        os.dup2(2, 1)  # what it says is for its log, not for whoever started it
        os._exit(worker.work(pathlib.Path(run), resume=resume == "resume"))
    print(pid, flush=True)
"""


@contextlib.contextmanager
def forked_workers(
    log: Path = Path(os.devnull), before: Callable[[], object] | None = None
) -> Iterator[Callable[..., int]]:
    """Yield a function that starts the worker of a run and returns its process id.

    What workers print is added to `log`; `before` is called in their process before anything else.
    """
    pids: list[int] = []
    with open(log, "ab") as said:
        server = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", SERVER],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True, preexec_fn=before,
        )  # fmt: skip

    def start(run: Path, *, resume: bool = False) -> int:
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(f"{'resume' if resume else 'begin'} {run}\n")
        server.stdin.flush()
        pids.append(int(server.stdout.readline()))
        return pids[-1]

    try:
        yield start
    finally:
        server.communicate()
        for pid in pids:
            end(pid)
