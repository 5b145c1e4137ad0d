"""Figures that need a browser: `python tests/bench_browser.py`. Speeds are ratios within one run."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parent.parent))

from playground import presets, runs
from playground.bench.processes import end, serving
from playground.bench.tick import long_run
from tests.conftest import CHROMIUM_ARGS, find_chromium

SPEED_SECONDS = 12
MOVES = 100
# Waits until the chart has been drawn anew after a slider moved, as the page itself sees it.
MOVE = """async (value) => {
  const slider = document.querySelector("#temperature input[type=range]");
  const chart = document.querySelector(".pg-dist").__distribution;
  const before = chart.redraws, began = performance.now();
  slider.value = value;
  slider.dispatchEvent(new Event("input", { bubbles: true }));
  while (chart.redraws === before) await new Promise((done) => requestAnimationFrame(done));
  return performance.now() - began;
}"""


def open_page(page: Page, url: str) -> None:
    page.goto(url)
    page.wait_for_selector("#launch", timeout=60_000)


def drawing_a_long_run(page: Page, url: str) -> None:
    began = time.perf_counter()
    open_page(page, url)
    page.wait_for_function("document.querySelector('.pg-monitor')?.__monitor?.updates > 0", timeout=60_000)
    seconds = time.perf_counter() - began
    drawn = page.evaluate("document.querySelector('.pg-monitor').__monitor.drawMs")
    print(f"opening a run of 50,000 points: drawn in {drawn:.0f} ms; {seconds:.1f} s with loading the page")


def speed(run: Path) -> float:
    """Tokens per second over a while, counted by what the run has logged."""
    first = runs.read_metrics(run)[0][-1]
    time.sleep(SPEED_SECONDS)
    last = runs.read_metrics(run)[0][-1]
    return (last["tokens_seen"] - first["tokens_seen"]) / (last["elapsed_s"] - first["elapsed_s"])


def sliders_beside_a_run(page: Page) -> None:
    page.get_by_role("tab", name="Sample").click()
    page.wait_for_function(
        "document.querySelector('[data-testid=distribution-kept]')?.textContent", timeout=60_000
    )
    times = sorted(page.evaluate(MOVE, 0.3 + 1.5 * i / MOVES) for i in range(MOVES))
    print(
        f"slider to picture while a run trains: median {statistics.median(times):.0f} ms, "
        f"95th percentile {times[int(0.95 * MOVES)]:.0f} ms"
    )
    page.get_by_role("tab", name="Train").click()


def training_beside_a_page(browser, url: str, folder: Path) -> None:
    config = (
        presets.preset(presets.DEFAULT_PRESET).config.to_json().replace('"steps": 1200', '"steps": 100000')
    )
    run = runs.create(folder, "speed", config)
    pid = runs.start(run)
    try:
        while runs.status(run)["step"] < 30:
            time.sleep(0.2)
        alone, watched = [], []
        for _ in range(3):
            alone.append(speed(run))
            page = browser.new_page(viewport={"width": 1280, "height": 720})
            open_page(page, url)
            time.sleep(4)  # loading the page is not watching it
            watched.append(speed(run))
            if len(watched) == 3:
                sliders_beside_a_run(page)
            page.close()
            time.sleep(2)
        ratios = [b / a for a, b in zip(alone, watched, strict=True)]
        print(
            f"training with a viewer: {statistics.median(ratios):.2f} of its speed alone "
            f"({min(ratios):.2f} to {max(ratios):.2f}; {statistics.median(alone):,.0f} tokens/s alone, "
            f"{runs.status(run)['threads']} threads)"
        )
    finally:
        end(pid)


def main() -> None:
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        long_run(folder, 50_000)
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGS)
        with serving(Path(__file__).parent.parent / "app.py", folder) as (url, _):
            page = browser.new_page(viewport={"width": 1280, "height": 720})
            drawing_a_long_run(page, url)
            page.close()
            training_beside_a_page(browser, url, folder)
        browser.close()


if __name__ == "__main__":
    main()
