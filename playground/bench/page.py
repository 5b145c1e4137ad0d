"""How soon the page answers."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from playground.bench.processes import serving
from playground.runs import PROJECT

HELLO = "import gradio as gr\ngr.Interface(lambda x: x, 'text', 'text').launch()\n"


def bench_page(rounds: int = 5) -> None:
    """Seconds from the start of app.py to its first answer, against a bare Gradio app, in turn."""
    times: dict[str, list[float]] = {"hello": [], "app": []}
    with tempfile.TemporaryDirectory() as folder:
        hello = Path(folder) / "hello.py"
        hello.write_text(HELLO)
        for _ in range(rounds):
            times["hello"].append(_seconds_to_answer(hello, folder))
            times["app"].append(_seconds_to_answer(PROJECT / "app.py", folder))
    for name, values in times.items():
        print(f"{name:6} {statistics.median(values):6.2f} s  ({min(values):.2f} to {max(values):.2f})")
    ratios = [app / hello for app, hello in zip(times["app"], times["hello"], strict=True)]
    print(f"ratio  {statistics.median(ratios):6.2f}    ({min(ratios):.2f} to {max(ratios):.2f})")


def _seconds_to_answer(script: Path, folder: str) -> float:
    with serving(script, Path(folder)) as (_, seconds):
        return seconds
