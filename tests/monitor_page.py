"""A monitor alone on a page: its script and the real server functions, without the app around it."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from playground import processes, runs
from playground.files import read_json, write_json_atomic
from playground.ui.monitor import Monitor, component
from playground.ui.monitor.component import UPLOT_JS

ADDRESS = "http://playground.test/"
STYLE = """:root { --body-text-color: #222; --body-text-color-subdued: #555; --border-color-primary: #ccc;
  --background-fill-primary: #fff; --background-fill-secondary: #eee;
  --color-accent: #44c; --font: sans-serif; }
  body { margin: 0; } .hide { display: none; }"""
MOUNT = """([html, css, js, props]) => {
  const element = document.body.appendChild(document.createElement("div"));
  element.id = "monitor";
  element.innerHTML = `<style>#monitor { ${css} }</style>${html}`;
  window.change = (value) => { props.value = value; window.changed(); };
  const watch = (name, callback) => (window.changed = callback);
  const asked = (name) => async (request) => {
    if (window.offline) throw new Error("no connection");
    const answer = await window[`py_${name}`](request);
    if (name === "poll") (window.answers ??= []).push(answer.length);
    return answer;
  };
  const names = ["poll", "completions", "run_list", "curve_csv"];
  const server = Object.fromEntries(names.map((name) => [name, asked(name)]));
  const trigger = (name) => { (window.triggered ??= []).push(name); };
  new Function("element", "props", "watch", "server", "trigger", js)(element, props, watch, server, trigger);
}"""


class MonitorPage:
    """Opens a page with a monitor in it, and reads what it shows."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.route(
            f"{ADDRESS}**",
            lambda route: route.fulfill(content_type="text/html", body=f"<style>{STYLE}</style>"),
        )
        for name in ("poll", "completions", "run_list", "curve_csv"):
            page.expose_function(f"py_{name}", getattr(component, name))

    def open(self, run: str, query: str = "") -> None:
        """Load the page and mount the monitor; waits until the run is drawn."""
        self.page.goto(f"{ADDRESS}{query}")
        self.mount(run)

    def mount(self, run: str) -> None:
        """Put the monitor of a run on the page as it is."""
        monitor = Monitor(run)
        self.page.add_script_tag(path=str(UPLOT_JS))
        props = {**monitor.props, "value": run}
        self.page.evaluate(MOUNT, [monitor.html_template, monitor.css_template, monitor.js_on_load, props])
        if run:
            self.wait("updates > 0")

    def state(self, expression: str) -> Any:
        """Return an expression of the monitor's state."""
        return self.page.evaluate(f"document.querySelector('.pg-monitor').__monitor.{expression}")

    def wait(self, condition: str) -> None:
        """Wait until a condition of the monitor's state holds."""
        self.page.wait_for_function(f"document.querySelector('.pg-monitor').__monitor.{condition}")

    def update(self) -> None:
        """Ask for what is new right now, and wait until it has been taken in."""
        before = self.state("updates")
        self.state("runs.forEach((run) => (run.due = 0)) ?? 0")
        self.wait(f"updates > {before}")
        self.wait("busy === false")

    def part(self, name: str):
        """Return a part of the monitor by its name."""
        return self.page.get_by_test_id(f"monitor-{name}")

    def ranges(self) -> dict[str, list[float]]:
        """Return what of the two axes is shown."""
        return self.state("chart.ranges")

    def points(self, kind: str, run: str) -> list[list[float]]:
        """Return the x and y values of a curve as they are drawn."""
        return self.state(
            f"chart.curves.find((c) => c.kind === '{kind}' && c.run.name === '{run}')?.data ?? null"
        )


def set_status(run: Path, **values: Any) -> None:
    """Change values of a run's status."""
    write_json_atomic(run / "status.json", {**(read_json(run / "status.json") or {}), **values})


def train_on(run: Path) -> None:
    """Make a run look as if it trained: its worker is this process."""
    me = os.getpid()
    set_status(run, state="running", pid=me, start_time=processes.start_time(me), heartbeat=time.time())
    assert runs.status(run)["state"] == "running"


def losses_of(run: Path, key: str = "train_loss") -> list[float]:
    """Return the losses that a run has logged."""
    records = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [record[key] for record in records if key in record]
