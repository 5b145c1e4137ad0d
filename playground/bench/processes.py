"""Servers and workers that a measurement starts, and ends."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from playground import processes


def end(pid: int) -> None:
    """Kill a worker, and wait until it is gone."""
    started = processes.start_time(pid)
    if started is not None:
        processes.kill(pid, started)
        while processes.is_alive(pid, started):
            time.sleep(0.05)


@contextlib.contextmanager
def serving(script: Path, runs_folder: Path) -> Iterator[tuple[str, float]]:
    """Start a Gradio script on a free port; yield its address and the seconds until it answered."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {
        **os.environ, "GRADIO_SERVER_PORT": str(port), "GRADIO_ANALYTICS_ENABLED": "False",
        "PLAYGROUND_RUNS": str(runs_folder),
    }  # fmt: skip
    url = f"http://127.0.0.1:{port}/"
    began = time.perf_counter()
    server = subprocess.Popen(
        [sys.executable, str(script)], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while not _answers(url):
            if server.poll() is not None:
                raise SystemExit(f"{script} ended with status {server.returncode} before it answered.")
            time.sleep(0.02)
        yield url, time.perf_counter() - began
    finally:
        server.terminate()
        server.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False
