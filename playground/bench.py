"""Figures of this machine: `python -m playground bench WHAT`. Times that matter are ratios within one run."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from playground import presets, processes, runs
from playground.files import write_json_atomic
from playground.runs import PROJECT

HELLO = "import gradio as gr\ngr.Interface(lambda x: x, 'text', 'text').launch()\n"
READABLE_SECONDS = 120


def bench_launch() -> None:
    """Default preset: seconds from Launch to under the held-out bigram line, and its text after 2 minutes."""
    with tempfile.TemporaryDirectory() as folder:
        run = runs.create(Path(folder), "bench", presets.preset(presets.DEFAULT_PRESET).config.to_json())
        began = time.perf_counter()
        pid = runs.start(run)
        try:
            passed = _seconds_to_bigram(run, began)
            print(f"from Launch to a validation loss under the held-out bigram line: {passed:.1f} s")
            while time.perf_counter() - began < READABLE_SECONDS and runs.status(run)["state"] in runs.ACTIVE:
                time.sleep(0.2)
            _print_samples(run)
        finally:
            end(pid)


def _seconds_to_bigram(run: Path, began: float) -> float:
    while True:
        status = runs.status(run)
        if any((c["kind"], c["line"]) == ("held_out", "bigram") for c in status.get("crossings", [])):
            return time.perf_counter() - began
        if status["state"] not in runs.ACTIVE:
            raise SystemExit(f"the run ended before it passed the line: {status['reason']}")
        time.sleep(0.05)


def _print_samples(run: Path) -> None:
    status, (metrics, _), (samples, _) = runs.status(run), runs.read_metrics(run), runs.read_samples(run)
    losses = [m["val_loss"] for m in metrics if "val_loss" in m]
    floor = json.loads((run / "baselines.json").read_text())["floor"]
    print(f"after {READABLE_SECONDS} s: step {status['step']}, loss {losses[-1]:.3f}, floor {floor:.3f}")
    for sample in samples[-3:]:
        print(f"  [{sample['prompt']}]{sample['completion']}")


def end(pid: int) -> None:
    """Kill a worker, and wait until it is gone."""
    started = processes.start_time(pid)
    if started is not None:
        processes.kill(pid, started)
        while processes.is_alive(pid, started):
            time.sleep(0.05)


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


@contextlib.contextmanager
def serving(script: Path, runs_folder: Path) -> Iterator[tuple[str, float]]:
    """Start a Gradio script on a free port; yield its address and the seconds until it answered."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {
        **os.environ, "GRADIO_SERVER_PORT": str(port), "GRADIO_ANALYTICS_ENABLED": "False",
        "PLAYGROUND_RUNS": str(runs_folder),
    }  # fmt: skip
    url = f"http://127.0.0.1:{port}/"
    began = time.perf_counter()
    server = subprocess.Popen(
        [sys.executable, str(script)], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while not _answers(url):
            if server.poll() is not None:
                raise SystemExit(f"{script} ended with status {server.returncode} before it answered.")
            time.sleep(0.02)
        yield url, time.perf_counter() - began
    finally:
        server.terminate()
        server.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def bench_tick(points: int = 50_000) -> None:
    """Bytes that the chart's server function sends: opening a long run, and each tick after it."""
    from playground.ui.monitor import poll

    with tempfile.TemporaryDirectory() as folder:
        os.environ["PLAYGROUND_RUNS"] = folder
        run = long_run(Path(folder), points)
        began = time.perf_counter()
        opened = poll({"run": run.name})
        seconds = time.perf_counter() - began
        print(f"opening {points:,} points: {len(json.dumps(opened)) / 1000:.1f} kB, {seconds * 1000:.0f} ms")
        for new in (20, 5000):
            append_points(run, points, points + new)
            points += new
            request = {
                key: opened[key] for key in ("run", "epoch", "metrics_byte", "samples_byte") if key in opened
            }
            opened = poll({"run": run.name, **request})
            print(f"a tick with {new} new points: {len(json.dumps(opened)) / 1000:.1f} kB")


def long_run(root: Path, points: int) -> Path:
    """Make a finished run of many logged points; made-up numbers, for measuring the chart alone."""
    run = runs.create(root, "long", presets.preset(presets.DEFAULT_PRESET).config.to_json())
    held_out = {"unigram": 5.3, "bigram": 3.4, "trigram": 2.6}
    lines = {
        "uniform": 6.24,
        "unigram": 5.2,
        "bigram": 3.2,
        "trigram": 2.1,
        "held_out": held_out,
        "floor": 0.5,
    }
    write_json_atomic(run / "baselines.json", lines)
    append_points(run, 0, points)
    state = {
        "state": "finished",
        "created": time.time(),
        "step": points,
        "total_steps": points,
        "generation": 1,
    }
    write_json_atomic(run / "status.json", state)
    return run


def append_points(run: Path, start: int, end: int) -> None:
    """Append metric records with a falling, noisy loss."""
    import random

    noise = random.Random(start)
    with open(run / "metrics.jsonl", "a") as file:
        for step in range(start, end):
            loss = 0.6 + 5.6 / (1 + step / 400)
            record = {"step": step, "tokens_seen": step * 2048, "elapsed_s": step / 20, "lr": 1e-3}
            record |= {"train_loss": loss + noise.gauss(0, 0.05), "grad_norm": 1.0, "tokens_per_s": 4e4}
            record |= {"mfu": 0.3, "memory_bytes": 1 << 29}
            if step % 50 == 0:
                record |= {"val_loss": loss + 0.05, "val_accuracy": 0.5}
            file.write(json.dumps(record) + "\n")


BENCHES: dict[str, Callable[[], None]] = {"launch": bench_launch, "page": bench_page, "tick": bench_tick}


def main(argv: Sequence[str]) -> int:
    """Run the named measurements, or all of them."""
    if "--help" in argv or "-h" in argv or any(name not in BENCHES for name in argv):
        rows = "\n".join(f"  {name:8} {(run.__doc__ or '').splitlines()[0]}" for name, run in BENCHES.items())
        print(f"usage: python -m playground bench [WHAT …]\n\n{rows}")
        return 0 if "--help" in argv or "-h" in argv else 2
    for name in argv or list(BENCHES):
        print(f"== {name}")
        BENCHES[name]()
    return 0
