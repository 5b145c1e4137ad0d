"""The folder of a run is made read-only, or taken away, under its worker.

Made read-only by its permissions, which the worker is bound by even where the tests run as root.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from playground import processes, runs
from playground.ui.monitor.polling import poll
from tests.forked_workers import forked_workers
from tests.permissions import be_bound, make_read_only, make_writable
from tests.small_runs import make_run, wait_for

LOOK = """
import json, pathlib, sys
from playground import runs
print(json.dumps(runs.status(pathlib.Path(sys.argv[1]))))
"""


@pytest.fixture(scope="module")
def workers(tmp_path_factory):
    """Yield a function that starts workers which permissions bind, and the file of what they print."""
    log = tmp_path_factory.mktemp("workers") / "log.txt"
    with forked_workers(log, be_bound) as start:
        yield start, log


def seen_by_the_app(run: Path, state: str) -> str:
    """Wait until the app, bound as the worker is, sees a run in a state; return the reason."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        look = [sys.executable, "-c", LOOK, str(run)]
        status = json.loads(subprocess.run(look, capture_output=True, check=True, preexec_fn=be_bound).stdout)
        if status["state"] == state:
            return status["reason"]
    raise AssertionError(f"waited for {state} in vain: {status}")


def only_the_folder(run: Path) -> None:
    """Let nobody make a file in the folder; those that are there can still be written."""
    run.chmod(0o555)


@pytest.mark.parametrize("close", [only_the_folder, make_read_only])
def test_made_read_only_it_waits_and_goes_on_when_it_is_writable_again(tmp_path, workers, close):
    start, _ = workers
    run = make_run(tmp_path, steps=1_000_000)
    start(run)
    wait_for(run, lambda s: s["step"] >= 7)
    close(run)
    assert seen_by_the_app(run, "paused") == runs.KEPT_OUT.format(run)
    step = runs.read_metrics(run)[0][-1]["step"]
    make_writable(run)
    wait_for(run, lambda s: s["state"] == "running" and s["step"] > step + 3)
    runs.stop(run)
    status = wait_for(run, lambda s: s["state"] not in runs.ACTIVE)
    assert status["state"] == "stopped"
    steps = [record["step"] for record in runs.read_metrics(run)[0]]
    assert steps == list(range(steps[-1] + 1)), "nothing is lost, and nothing twice"
    assert status["latest"] == runs.checkpoints(run)[-1] == steps[-1]
    assert [event["event"] for event in runs.read_events(run)[0]] == ["kept_out", "stopped"]


def moved(run: Path) -> None:
    run.rename(run.with_name("elsewhere"))


def deleted(run: Path) -> None:
    gone = run.with_name(".gone")  # in one move: the worker would make files while they are deleted
    run.rename(gone)
    shutil.rmtree(gone)


def replaced_by_a_file(run: Path) -> None:
    deleted(run)
    run.write_text("no folder")


@pytest.mark.parametrize("is_paused", [False, True])
@pytest.mark.parametrize("take_away", [moved, deleted, replaced_by_a_file])
def test_taken_away_its_worker_ends_in_a_sentence(tmp_path, monkeypatch, workers, take_away, is_paused):
    monkeypatch.setenv("PLAYGROUND_RUNS", str(tmp_path))
    start, log = workers
    run = make_run(tmp_path, steps=1_000_000)
    before = log.stat().st_size
    pid = start(run)
    started = processes.start_time(pid)
    wait_for(run, lambda s: s["step"] >= 3)
    if is_paused:
        runs.pause(run)
        wait_for(run, lambda s: s["state"] == "paused")
    (seen,) = poll({"runs": [{"run": run.name}]})["runs"]
    take_away(run)
    (answer,) = poll({"runs": [{"run": run.name, "epoch": seen["epoch"]}]})["runs"]
    assert "no run named 'small' any more" in answer["error"]
    deadline = time.monotonic() + 30
    while processes.is_alive(pid, started):
        assert time.monotonic() < deadline, "it spins"
        time.sleep(0.05)
    said = log.read_bytes()[before:].decode()
    assert f"{run} is gone" in said
    assert "Traceback" not in said
    assert not run.is_dir(), "nothing is made anew in its place"
    kept = ["elsewhere"] if take_away is moved else []
    assert [found.name for found in runs.list_runs(tmp_path)] == kept
    assert all(runs.status(found)["state"] == "failed" for found in runs.list_runs(tmp_path))


@pytest.mark.skipif(sys.platform != "linux", reason="root is bound by permissions on Linux alone")
def test_permissions_bind_these_processes(tmp_path):
    """Else the tests above could not fail."""
    make_read_only(tmp_path)
    code = f"open({os.fspath(tmp_path / 'x')!r}, 'w')"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, preexec_fn=be_bound)
    make_writable(tmp_path)
    assert "PermissionError" in ended.stderr
