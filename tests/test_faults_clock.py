"""The machine's clock is set forwards or back by a day: runs go on, and nothing that is told is negative."""

from __future__ import annotations

import os
import time

import pytest

from playground import run_bounds, runs, status_file, worker
from playground.files import read_json, write_json_atomic
from playground.runs import queue
from tests.small_runs import make_run

DAY = 24 * 3600


@pytest.fixture
def clock(monkeypatch):
    """A machine's clock that a test sets; returns by how much it is wrong, a list of one number."""
    wrong, real = [0.0], time.time
    monkeypatch.setattr(time, "time", lambda: real() + wrong[0])
    return wrong


@pytest.mark.parametrize("jump", [DAY, -DAY])
def test_a_run_is_neither_stopped_nor_silent(tmp_path, monkeypatch, clock, jump, kept_signals):
    """It would be stopped if it seemed to have run for long, or unseen for long while another one waits."""
    monkeypatch.setenv("PLAYGROUND_IDLE_SECONDS", "600")
    monkeypatch.setenv("PLAYGROUND_RUN_SECONDS", "600")
    monkeypatch.setattr(run_bounds, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(run_bounds.RunBounds, "_end_later", lambda self, seconds: None)
    monkeypatch.setattr(status_file, "HEARTBEAT_SECONDS", 0.0)
    monkeypatch.setattr(queue, "slots", lambda: 0)
    run, waiting = make_run(tmp_path), make_run(tmp_path, "waits")
    runs.mark_seen(run)
    runs.start(waiting)
    real, told = worker.Worker._take, []

    def take(self, record):
        if record["step"] == 10:
            clock[0] = jump
        real(self, record)
        told.append((record["step"], read_json(run / "status.json")["step"], runs.status(run)["state"]))

    monkeypatch.setattr(worker.Worker, "_take", take)
    assert worker.work(run) == worker.DONE
    assert told == [(step, step, "running") for step in range(31)]
    records, _ = runs.read_metrics(run)
    seconds = [record["elapsed_s"] for record in records]
    assert seconds == sorted(seconds)
    assert 0 <= seconds[-1] < 600
    assert min(record["tokens_per_s"] for record in records if "tokens_per_s" in record) > 0
    assert runs.status(waiting)["state"] == "queued"


@pytest.mark.parametrize("jump", [DAY, -DAY])
def test_who_looks_is_noticed_whatever_the_clock_says(tmp_path, clock, jump):
    run = make_run(tmp_path)
    runs.mark_seen(run)
    before = (run / runs.SEEN_FILE).stat().st_mtime_ns
    os.utime(run / runs.SEEN_FILE, ns=(before, before + jump * 10**9))
    runs.mark_seen(run)
    assert abs((run / runs.SEEN_FILE).stat().st_mtime - time.time()) < 60


@pytest.mark.parametrize("jump", [DAY, -DAY])
def test_a_run_that_never_came_to_life_does_not_hold_the_slot(tmp_path, clock, jump):
    """Whoever started it was killed before its process was there, and then the clock was set."""
    run = make_run(tmp_path)
    begun = {"state": "queued", "queue": None, "pid": None, "start_time": None, "queued_at": time.time()}
    write_json_atomic(run / "status.json", {**read_json(run / "status.json"), **begun})
    assert runs.active_run(tmp_path) == run
    clock[0] = jump
    assert runs.active_run(tmp_path) is None
    assert runs.status(run)["state"] == "failed"
