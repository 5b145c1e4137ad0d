"""What must work on a Space; run by test_space.py in a place laid out as one."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from playground import runs
from playground.runs import homes
from tests.small_runs import end, wait_for

APP = Path(os.environ["SPACE_APP"])
homes.PROJECT = APP  # so that runs are looked for where the app keeps them
START_SECONDS = 60
"""A Space is up within a minute."""


class Server:
    """The app as a Space starts it."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/"
        self.log = Path.home() / "app.log"

    def start(self) -> None:
        env = {name: value for name, value in os.environ.items() if not name.startswith("PLAYGROUND_")}
        env["GRADIO_SERVER_PORT"] = str(self.port)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "app.py"], cwd=APP, env=env, stdout=log, stderr=log
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                return urllib.request.urlopen(self.url, timeout=1).close()
            except OSError:
                assert self.process.poll() is None, self.log.read_text()
                time.sleep(0.1)
        raise AssertionError(f"no answer within {START_SECONDS} s: {self.log.read_text()}")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def server():
    server = Server()
    server.start()
    yield server
    server.kill()
    for run in runs.list_runs(runs.runs_root()):
        state = runs.status(run)
        if state["state"] in runs.ACTIVE and state.get("pid"):
            end(state["pid"])
    assert "Traceback" not in server.log.read_text()


def open_page(page: Page, server: Server, query: str = "") -> None:
    page.goto(server.url + query)
    expect(page.get_by_role("button", name="Launch training")).to_be_visible(timeout=30_000)


def test_nobody_is_root_nothing_can_be_written_and_nobody_is_reached():
    assert os.getuid() != 0
    assert not os.access(APP, os.W_OK)
    with pytest.raises(PermissionError):
        (APP / "app.py").open("a")
    with pytest.raises(OSError, match="unreachable"):
        socket.create_connection(("192.0.2.1", 443), timeout=5)


def test_the_demo_run_is_ready_to_sample(server: Server, page: Page):
    open_page(page, server, "?run=demo")
    page.get_by_role("tab", name="Sample").click()
    expect(page.locator("#sample-run input")).to_have_value(re.compile("^demo"), timeout=30_000)
    page.locator("#generate").click()
    expect(page.locator("#output-note")).to_contain_text("tokens", timeout=60_000)


def test_a_run_goes_on_after_a_restart_by_its_resume_button(server: Server, page: Page):
    open_page(page, server)
    expect(page.locator("#keep")).to_contain_text("forgets its runs")
    page.get_by_role("button", name="Launch training").click()
    expect(page.locator("#launch-message")).to_contain_text("Started as", timeout=60_000)
    name = re.search(r"Started as (\S+)\.", page.locator("#launch-message").inner_text())[1]
    run = runs.find(runs.runs_root(), name)
    state = wait_for(run, lambda status: bool(runs.checkpoints(run)) and status["state"] == "running", 120)
    page.goto("about:blank")  # it would rightly complain that nobody answers
    server.kill()
    end(state["pid"])
    server.start()
    open_page(page, server, f"?run={name}")
    pause = page.locator("#pause")
    expect(pause).to_have_text("Resume", timeout=30_000)
    pause.click()
    before = max(runs.checkpoints(run))
    wait_for(run, lambda status: status["state"] == "running" and status["step"] > before, 120)
