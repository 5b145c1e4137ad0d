"""Threats 5 and 6: secrets that get out, files that are read."""

from __future__ import annotations

import shutil
import urllib.parse

from playground import runs
from playground.ui.monitor.component import UPLOT_JS
from tests.app_process import ROOT
from tests.hand_made import Stranger
from tests.security import OTHER, OWNER, TOKEN
from tests.small_runs import end, make_run, wait_for


def test_5_secrets_stay_where_they_are(app, own, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    run = make_run(app.runs, "trained-with-a-token", steps=1)
    pid = runs.start(run)
    try:
        wait_for(run, lambda status: status["state"] not in runs.ACTIVE)
    finally:
        end(pid)
    asks = Stranger(app.url, OWNER)
    asks.server("run-book", "act", {"action": "change", "run": own.name, "pinned": True})
    written = b"".join(path.read_bytes() for path in app.runs.rglob("*") if path.is_file())
    assert TOKEN.encode() not in written
    assert OWNER.encode() not in written
    for path in ("/", "/config"):
        assert TOKEN not in asks.get(path).body
    shutil.rmtree(run)


def test_6_only_what_is_meant_is_handed_out(app, own):
    asks = Stranger(app.url, OTHER)
    for path in (
        own / "config.json", own / "log.txt", app.runs / "demo" / "config.json", ROOT / "app.py",
        ROOT / "playground" / "limits.py", "/etc/passwd", "/proc/self/environ", "../../../../etc/passwd",
        f"{own}/../demo/config.json", "http://127.0.0.1:1/x", "file:///etc/passwd",
    ):  # fmt: skip
        for quoted in (str(path), urllib.parse.quote(str(path), safe="")):
            answer = asks.get(f"/gradio_api/file={quoted}")
            assert answer.status in (400, 403, 404), (path, answer.status)
            assert "root:" not in answer.body
    assert asks.get(f"/gradio_api/file={UPLOT_JS}").status == 200
