"""Figures of the chart: `python tests/bench_chart.py`. Ten runs of 50,000 points, of which one grows."""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parent.parent))

from playground import processes
from playground.bench.processes import serving
from playground.bench.tick import append_points, long_run
from playground.files import read_json, write_json_atomic
from tests.conftest import CHROMIUM_ARGS, find_chromium

APP = Path(__file__).parent.parent / "app.py"
RUNS, POINTS = 10, 50_000
POINTS_A_SECOND, WATCH_SECONDS = 20, 12
SETTLE_SECONDS = 12
"""What the app imports behind its first page has come to an end by then."""

UPDATES = (300, 1200, 2400, 3600)
"""One hour at one update a second; here each is asked for as soon as the last has been drawn."""
MONITOR = "document.querySelector('.pg-monitor')?.__monitor"
# Seconds between two frames for a while; the chart is dragged to and fro where asked.
FRAMES = """async ([seconds, dragged]) => {
  const chart = document.querySelector("[data-testid=monitor-chart]"), box = chart.getBoundingClientRect();
  const send = (name, x, more) => chart.dispatchEvent(new PointerEvent(name, { bubbles: true, pointerId: 1,
    pointerType: "mouse", clientX: box.left + x, clientY: box.top + 90, ...more }));
  chart.setPointerCapture = () => {};
  if (dragged) send("pointerdown", 300, { button: 0, shiftKey: true });
  const gaps = [], end = performance.now() + 1000 * seconds;
  let last = performance.now();
  for (let i = 0; last < end; i++) {
    await new Promise((done) => requestAnimationFrame(done));
    if (dragged) send("pointermove", 300 + 80 * Math.sin(i / 20), {});
    gaps.push(performance.now() - last);
    last = performance.now();
  }
  if (dragged) { send("pointerup", 300, { button: 0 }); chart.dispatchEvent(new MouseEvent("dblclick")); }
  return gaps;
}"""
CHOOSE = """(names) => names.forEach((name) => [...document.querySelectorAll(".pg-mon-pop label")]
  .find((label) => label.textContent.startsWith(`${name} `)).click())"""
# Ask for what is new right now, and wait until it has been taken in.
UPDATE = """async () => {
  const monitor = document.querySelector(".pg-monitor").__monitor, before = monitor.updates;
  monitor.runs[0].due = 0;
  while (monitor.updates === before) await new Promise((done) => setTimeout(done, 5));
}"""


def copies(first: Path, root: Path, name: str = "long") -> list[Path]:
    """Copy a run until there are ten."""
    return [shutil.copytree(first, root / f"{name}-{number}") for number in range(2, RUNS + 1)]


def make_runs(root: Path) -> list[Path]:
    """Make ten long runs; the first one looks as if it trained, by this process."""
    first = long_run(root, POINTS, knows=True)
    folders = [first, *copies(first, root)]
    me = {"pid": os.getpid(), "start_time": processes.start_time(os.getpid())}
    status = {**(read_json(first / "status.json") or {}), "state": "running", "total_steps": 2 * POINTS, **me}
    write_json_atomic(first / "status.json", status)
    return folders


def opening(page: Page, url: str, what: str) -> None:
    """Time from the first request of the chart until every run is drawn."""
    page.goto(url)
    page.wait_for_function("document.querySelector('.pg-monitor')?.__monitor?.polls > 0", timeout=60_000)
    began = time.perf_counter()
    page.wait_for_function(f"{MONITOR}.updates > 0", timeout=60_000, polling=10)
    first = time.perf_counter() - began
    page.wait_for_function(f"{MONITOR}.chart.runs?.length === {RUNS}", timeout=60_000, polling=10)
    whole = time.perf_counter() - began
    print(f"opening {RUNS} runs of {POINTS:,} points, {what}: first {first:.2f} s, all {whole:.2f} s; "
          f"drawn in {page.evaluate(f'{MONITOR}.drawMs'):.0f} ms")  # fmt: skip


def choosing(page: Page, url: str, names: list[str]) -> None:
    """Time from the choice of runs beside the first, on an open page, until all are drawn."""
    page.goto(url)
    page.wait_for_function(f"{MONITOR}?.updates > 0", timeout=60_000)
    page.get_by_test_id("monitor-compare").locator("summary").click()
    page.wait_for_function("document.querySelectorAll('.pg-mon-pop li').length > 9")
    time.sleep(3)
    began = time.perf_counter()
    page.evaluate(CHOOSE, names)
    page.wait_for_function(f"{MONITOR}.chart.runs?.length === {RUNS}", timeout=60_000, polling=10)
    print(f"{RUNS - 1} runs chosen on an open page, never read before: {time.perf_counter() - began:.2f} s")


def frames(page: Page, run: Path, dragged: bool) -> None:
    """Frames a second while the first run grows, from a process of its own pace."""
    pid = os.fork()
    if pid == 0:  # the run grows beside the page, whatever the page does
        for second in range(WATCH_SECONDS + 2):
            start = POINTS + 10_000 * dragged + POINTS_A_SECOND * second
            append_points(run, start, start + POINTS_A_SECOND, knows=True)
            time.sleep(1)
        os._exit(0)
    gaps = sorted(page.evaluate(FRAMES, [WATCH_SECONDS, dragged]))
    os.waitpid(pid, 0)
    what = "while it is dragged" if dragged else "at rest"
    print(f"frames, {what}: {1000 / statistics.fmean(gaps):.0f} a second; the 99th percentile takes "
          f"{gaps[int(0.99 * len(gaps))]:.0f} ms, the longest {gaps[-1]:.0f} ms")  # fmt: skip


def memory(page: Page, run: Path) -> None:
    """Heap of the page after many updates of 20 points each, garbage collected."""
    session = page.context.new_cdp_session(page)
    done, step = 0, 2 * POINTS
    for goal in UPDATES:
        for _ in range(goal - done):
            append_points(run, step, step + POINTS_A_SECOND, knows=True)
            step += POINTS_A_SECOND
            page.evaluate(UPDATE)
        done = goal
        session.send("HeapProfiler.collectGarbage")
        used = session.send("Runtime.getHeapUsage")["usedSize"]
        counts = session.send("Memory.getDOMCounters")
        print(f"after {done:5,} updates: {used / 1e6:.1f} MB of heap, {counts['nodes']:,} nodes, "
              f"{counts['jsEventListeners']:,} listeners")  # fmt: skip


def figures_of_one_run(page: Page, first: Path) -> None:
    """Print frames, bytes and memory of a page while the first run grows."""
    sizes: list[int] = []
    page.on("response", lambda r: sizes.append(len(r.body())) if "component_server" in r.url else None)
    frames(page, first, dragged=False)
    frames(page, first, dragged=True)
    typical = statistics.median(sizes)
    print(f"an update sends at most {max(sizes) / 1000:.1f} kB (median {typical / 1000:.1f})")
    memory(page, first)


def main() -> None:
    """Print all figures."""
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        root = Path(name)
        os.environ["PLAYGROUND_CACHE"] = f"{root}/cache"
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGS)
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        with serving(APP, root) as (url, _):
            time.sleep(SETTLE_SECONDS)
            first, *others = make_runs(root)  # after the start of the app, which reads ahead
            link = f"?run={first.name}&compare={','.join(run.name for run in others)}"
            opening(page, url + link, "never read before")
            opening(page, url + link, "read before")
            more = copies(first, root, "more")
            page.evaluate("localStorage.clear()")
            choosing(page, f"{url}?run={first.name}", [run.name for run in more])
            figures_of_one_run(page, first)
        with serving(APP, root) as (url, _):
            opening(page, url + link, "as the app starts")
        browser.close()


if __name__ == "__main__":
    main()
