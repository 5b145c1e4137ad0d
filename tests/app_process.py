"""The app as a process of its own, pages of it, and the end of all that was started."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from playwright.sync_api import Page, expect

from playground import runs
from tests.small_runs import end

ROOT = Path(__file__).parent.parent
DEMO = ROOT / "checkpoints" / "demo"
MONITOR = "document.querySelector('.pg-monitor')?.__monitor"
START_SECONDS = 60


class App:
    """The app on a free port, with a folder of runs of its own; what it prints is in app.log beside that."""

    before: Callable[[], object] | None = None
    """Called in its process before anything else."""

    def __init__(self, runs_folder: Path, environment: Mapping[str, str | None] | None = None) -> None:
        """Give what its environment has besides that of this process; None unsets."""
        self.runs = runs_folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self.environment = {"HF_HUB_OFFLINE": "1", **(environment or {})}
        self.log_path = runs_folder.parent / "app.log"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        named: dict[str, str | None] = {
            "GRADIO_SERVER_PORT": str(self.port),
            "PLAYGROUND_RUNS": str(self.runs),
        }
        env = {
            name: value
            for name, value in (os.environ | named | self.environment).items()
            if value is not None
        }
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "app.py"], cwd=ROOT, env=env, stdout=log, stderr=log, preexec_fn=self.before
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.answers():
                return
            assert self.process.poll() is None, self.log
            time.sleep(0.1)
        raise AssertionError(f"the app did not answer within {START_SECONDS} s: {self.log}")

    def answers(self) -> bool:
        """Tell whether its page can be had."""
        with contextlib.suppress(OSError), urllib.request.urlopen(self.url, timeout=1):
            return True
        return False

    @property
    def log(self) -> str:
        """What it has printed so far."""
        return self.log_path.read_text()

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        self.process.terminate()
        self.process.wait(20)

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait(20)


@contextlib.contextmanager
def running(app: App, *, may_stumble: bool = False) -> Iterator[App]:
    """Start an app; at the end it and its workers are ended, and it has printed no traceback.

    may_stumble: what is sent is so odd that Gradio itself stumbles over it, and says so in its log.
    """
    app.start()
    try:
        yield app
    finally:
        app.stop()
        end_all(app.runs)
    assert may_stumble or "Traceback" not in app.log


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def end_all(root: Path) -> None:
    """Kill the workers of all runs that are still there; those that wait in the queue first leave it."""
    found = runs.list_runs(root)
    for run in found:
        runs.cancel(run)
    for run in found:
        status = runs.status(run)
        if status["state"] in runs.ACTIVE and status.get("pid"):
            end(status["pid"])


def newest(app: App) -> Path:
    """Return the run that was made last."""
    return runs.list_runs(app.runs)[0]


def open_page(page: Page, app: App, query: str = "") -> None:
    """Open the page, and wait until its chart is there."""
    page.goto(app.url + query)
    expect(page.get_by_role("button", name="Launch training")).to_be_visible(timeout=30_000)
    page.wait_for_function(f"{MONITOR} !== undefined")


def choose(page: Page, label: str, option: str) -> None:
    """Choose an option of the dropdown of a label, by words of it.

    The list is narrowed down to it first: in a list that is renewed, a click may hit what moved there.
    """
    box = page.get_by_label(label, exact=True).first
    box.click()
    box.fill(option)
    page.get_by_role("option", name=option).first.click()


def choose_own_text(page: Page) -> None:
    """Choose a text of one's own on the Train tab, and go to where it is put in."""
    choose(page, "Text", "Your own text")
    page.locator("#to-data").click()
    expect(page.locator("#own-text textarea")).to_be_visible(timeout=20_000)
