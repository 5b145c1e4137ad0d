"""How fast the Tokenize tab cuts 100 kB of pasted text, in Chromium: `python tests/bench_tokenize.py`."""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parent.parent))

from playground.bench.processes import serving
from playground.corpora import load_corpus
from tests.conftest import CHROMIUM_ARGS, find_chromium

ROUNDS = 7
N_BYTES = 100_000
CLIPBOARD = ["clipboard-read", "clipboard-write"]
KINDS = ("char", "byte", "bpe", "gpt2", "alphabet")

# Waits for a real paste; from there to the picture with the new tokens, and the longest silence of the page.
WAIT = """() => {
  const lab = document.querySelector(".pg-lab").__lab;
  const area = document.querySelector("#tokenize-text textarea");
  const before = lab.draws, tasks = [];
  const watch = new PerformanceObserver((list) => tasks.push(...list.getEntries().map((e) => e.duration)));
  watch.observe({ type: "longtask" });
  area.select();
  area.focus();
  window.measured = new Promise((done) => area.addEventListener("paste", async () => {
    const began = performance.now();
    while (lab.draws === before) await new Promise((next) => setTimeout(next, 0));
    await new Promise((next) => requestAnimationFrame(() => setTimeout(next, 0)));
    const seen = performance.now() - began;
    await new Promise((next) => setTimeout(next, 300));
    watch.disconnect();
    done({ seen, longest: Math.max(0, ...tasks) });
  }, { once: true }));
}"""

# What the browser needs for the text box alone, with nobody listening.
BARE = """async (text) => {
  const area = document.body.appendChild(document.querySelector("#tokenize-text textarea").cloneNode());
  const began = performance.now();
  area.value = text;
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
  const seen = performance.now() - began;
  area.remove();
  return seen;
}"""

# From the pointer on a token to the picture in which every place of its id is lit.
HOVER = """async (n) => {
  const cells = document.querySelectorAll("#tokenize-view-a .pg-tok");
  const began = performance.now();
  cells[(n * 37) % cells.length].dispatchEvent(new PointerEvent("pointerover", { bubbles: true }));
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
  return performance.now() - began;
}"""


def text_of(kind: str) -> str:
    """100 kB of code and prose; for the first, English alone."""
    documents = load_corpus("python-reference" if kind == "prose" else "python-source").documents
    data = "\n".join(documents).encode()[:N_BYTES]
    return data.decode("utf-8", "ignore")


def report(name: str, values: list[float]) -> str:
    ordered = [f"{value:.0f}" for value in (min(values), statistics.median(values), max(values))]
    return f"{name} {'/'.join(ordered)}"


def paste(page: Page, text: str) -> dict[str, float]:
    page.evaluate("(text) => navigator.clipboard.writeText(text)", text)
    page.evaluate(WAIT)
    page.keyboard.press("Control+v")
    return page.evaluate("window.measured")


def measure(page: Page, kind: str, text: str) -> None:
    page.locator("#tokenize-kind-a").select_option(kind)
    paste(page, text)  # the tokenizer is learned, or read, for the first
    rounds = [paste(page, text[:-number] + str(number) * number) for number in range(1, ROUNDS + 1)]
    bare = [page.evaluate(BARE, text[:-number] + str(number) * number) for number in range(1, ROUNDS + 1)]
    hovers = [page.evaluate(HOVER, number) for number in range(40)]
    parts = (("seen", "paste to picture"), ("longest", "longest task"))
    figures = [report(words, [found[key] for found in rounds]) for key, words in parts]
    print(f"{kind:9} {'; '.join(figures)}; {report('hover', hovers)}; {report('bare box', bare)}", flush=True)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGS)
        with serving(Path(__file__).parent.parent / "app.py", Path(folder)) as (url, _):
            context = browser.new_context(viewport={"width": 1280, "height": 720}, permissions=CLIPBOARD)
            page = context.new_page()
            page.goto(url)
            page.get_by_role("tab", name="Tokenize").click()
            page.wait_for_selector(".pg-tok", timeout=60_000)
            page.wait_for_timeout(3000)
            print("milliseconds: best/median/worst")
            for text in ("code", "prose"):
                print(f"== 100 kB of {text}")
                for kind in KINDS:
                    measure(page, kind, text_of(text))
        browser.close()


if __name__ == "__main__":
    main()
