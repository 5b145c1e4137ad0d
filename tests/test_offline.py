"""Nothing leaves the machine unless a person asks for something of the Hub, and all works without a network.

The app and its workers run with a socket that refuses every address but this machine's, and notes it.
"""

from __future__ import annotations

import subprocess
import sys

import pytest
from playwright.sync_api import expect

from playground import runs
from tests.app_process import App, open_page, running
from tests.hand_made import Stranger
from tests.small_runs import wait_for

SITE = """
import os, socket

HERE = ("127.0.0.1", "localhost", "::1", "0.0.0.0", "", None)
kept = {name: getattr(socket.socket, name) for name in ("connect", "connect_ex", "sendto")}
look_up = socket.getaddrinfo

def note(address):
    with open(os.environ["REFUSED"], "a") as file:
        file.write(f"{address}\\n")
    raise OSError(101, "Network is unreachable")

def guarded(name):
    def call(self, *args):
        address = args[-1]
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in HERE:
            note(address)
        return kept[name](self, *args)
    return call

def guarded_look_up(host, *args, **kwargs):
    if host not in HERE:
        note(host)
    return look_up(host, *args, **kwargs)

for name in kept:
    setattr(socket.socket, name, guarded(name))
socket.getaddrinfo = guarded_look_up
"""


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    folder = tmp_path_factory.mktemp("offline")
    (folder / "site").mkdir()
    (folder / "site" / "sitecustomize.py").write_text(SITE)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("GRADIO_ANALYTICS_ENABLED", "HF_HUB_DISABLE_TELEMETRY", "DO_NOT_TRACK"):
            patch.delenv(name, raising=False)
        guard = {"PYTHONPATH": str(folder / "site"), "REFUSED": str(folder / "refused.txt")}
        with running(App(folder / "runs", {**guard, "HF_HUB_OFFLINE": "0"})) as app:
            yield app


def refused(app: App) -> str:
    """Return the addresses that were asked for, one a line."""
    file = app.runs.parent / "refused.txt"
    return file.read_text() if file.exists() else ""


def test_the_whole_app_works_with_the_network_cut(page, app):
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    open_page(page, app)
    page.get_by_role("button", name="Launch training").click()
    expect(page.get_by_test_id("monitor-state")).to_have_text("Training", timeout=60_000)
    (run,) = runs.list_runs(app.runs)
    wait_for(run, lambda status: status["step"] > 0 and status.get("latest"))
    page.get_by_role("tab", name="Sample").click()
    page.locator("#length input[type=number]").fill("8")
    page.get_by_role("button", name="Generate", exact=True).click()
    expect(page.locator("#output-note")).to_contain_text("8 tokens", timeout=30_000)
    for tab in ("Tokenize", "Data", "Runs", "Inspect"):
        page.get_by_role("tab", name=tab).click()
        page.wait_for_timeout(1000)
    runs.stop(run)
    wait_for(run, lambda status: status["state"] == "stopped")
    assert [url for url in asked if not url.startswith((app.url, "data:", "blob:"))] == []
    assert refused(app) == ""


def test_the_hub_is_asked_when_a_person_asks_for_it_and_said_to_be_out_of_reach(app):
    asks = Stranger(app.url)
    function = asks.event("hub-look", "click")["id"]
    done = asks.queue(function, ["roneneldan/TinyStories", "", "train"])[-1]
    assert done["success"]
    assert "be reached" in str(done["output"]["data"])
    assert "huggingface.co" in refused(app)


def test_the_socket_that_refuses_does_refuse(tmp_path, monkeypatch):
    """Else the tests above could not fail."""
    monkeypatch.setenv("REFUSED", str(tmp_path / "refused.txt"))
    code = SITE + "\nimport urllib.request\nurllib.request.urlopen('http://192.0.2.1/')"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "Network is unreachable" in ended.stderr
    assert "192.0.2.1" in (tmp_path / "refused.txt").read_text()
