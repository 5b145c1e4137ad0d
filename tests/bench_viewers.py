"""What people who watch a run cost its training: `python tests/bench_viewers.py`. Ratios within one run.

A viewer asks once a second for what is new, as the page's script does; the browsers of ten people are on
machines of their own, so they are not started here: what one page asks is asked ten times.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parent.parent))

from playground import presets, runs
from playground.bench.processes import end, serving
from tests.conftest import CHROMIUM_ARGS, find_chromium

APP = Path(__file__).parent.parent / "app.py"
VIEWERS, ROUNDS, SECONDS = 10, 4, 14
SETTLE_SECONDS = 12
NOTES_SECONDS = 5
MONITOR = "document.querySelector('.pg-monitor')?.__monitor"
LISTS = ("lines", "crossings", "events")


def request_of_a_page(url: str) -> tuple[str, dict[str, Any]]:
    """Open the page in a browser, and return where it asks for a run that it has seen, and with what."""
    asked: list[tuple[str, dict[str, Any]]] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGS)
        page = browser.new_page()
        page.on("request", lambda r: "component_server" in r.url and asked.append((r.url, r.post_data_json)))
        page.goto(url)
        page.wait_for_function(f"{MONITOR}?.updates > 3", timeout=60_000)
        browser.close()
    return [(url, body) for url, body in asked if body["fn_name"] == "poll"][-1]


def watch(url: str, body: dict[str, Any], done: threading.Event) -> None:
    """Ask once a second, going on from each answer as the page does, and for notes every few seconds."""
    (known,) = body["data"]["runs"]
    for second in range(10**6):
        item = {**known, "notes": second % NOTES_SECONDS == 0}
        data = json.dumps({**body, "data": {"runs": [item]}}).encode()
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            (found,) = json.loads(json.load(answer))["runs"]
        known |= {key: found[key] for key in ("epoch", "metrics_byte", "samples_byte") if key in found}
        known |= {f"n_{key}": len(found[key]) for key in LISTS if key in found}
        if done.wait(1):
            return


@contextmanager
def viewers(number: int, url: str, body: dict[str, Any]) -> Iterator[None]:
    """Have so many viewers for a while, spread over the second."""
    done, threads = threading.Event(), []
    for _ in range(number):
        threads.append(threading.Thread(target=watch, args=(url, json.loads(json.dumps(body)), done)))
        threads[-1].start()
        time.sleep(1 / number)
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join()


def app_seconds() -> float:
    """Return the processor time of the app so far."""
    me = os.getpid()
    for child in Path(f"/proc/{me}/task/{me}/children").read_text().split():
        if b"app.py" in Path(f"/proc/{child}/cmdline").read_bytes():
            user, system = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[11:13]
            return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
    raise SystemExit("The app is not running.")


def speed(run: Path) -> tuple[float, float]:
    """Return tokens per second over a while, by the run's log, and the app's share of a core."""
    first, used, began = runs.read_metrics(run)[0][-1], app_seconds(), time.perf_counter()
    time.sleep(SECONDS)
    last = runs.read_metrics(run)[0][-1]
    share = (app_seconds() - used) / (time.perf_counter() - began)
    return (last["tokens_seen"] - first["tokens_seen"]) / (last["elapsed_s"] - first["elapsed_s"]), share


def measure(run: Path, url: str) -> None:
    """Print the speed of a run with viewers over its speed without, in turn."""
    asked = request_of_a_page(f"{url}?run={run.name}")
    ratios, alone, watched = [], [], []
    for _ in range(ROUNDS):
        alone.append(speed(run))
        with viewers(VIEWERS, *asked):
            watched.append(speed(run))
        ratios.append(watched[-1][0] / alone[-1][0])
    none, ten = (100 * statistics.median(share for _, share in part) for part in (alone, watched))
    print(f"training with {VIEWERS} viewers: {statistics.median(ratios):.3f} of its speed with none "
          f"({min(ratios):.3f} to {max(ratios):.3f}), on {runs.status(run)['threads']} threads; "
          f"the app takes {ten:.1f} % of a core, {none:.1f} % with none")  # fmt: skip


def main() -> None:
    """Train the default recipe, and let people watch."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        config = presets.preset(presets.DEFAULT_PRESET).config.to_json()
        run = runs.create(root, "watched", config.replace('"steps": 1200', '"steps": 100000'))
        with serving(APP, root) as (url, _):
            time.sleep(SETTLE_SECONDS)
            pid = runs.start(run)
            try:
                while runs.status(run)["step"] < 30:
                    time.sleep(0.2)
                measure(run, url)
            finally:
                end(pid)


if __name__ == "__main__":
    main()
