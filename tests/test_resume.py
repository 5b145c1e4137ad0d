"""Killed at any moment and resumed, a run is the run that was never interrupted, bit for bit."""

import json
import random
import time

from safetensors.numpy import load_file

from playground import runs
from playground.files import read_json, write_json_atomic
from tests.forked_workers import forked_workers
from tests.small_runs import end, make_run, wait_for

STEPS, KILLS, LATEST_START = 400, 20, 0.5
TIMES = {"elapsed_s", "tokens_per_s", "mfu", "memory_bytes"}


def make(root, name):
    """Return a run with everything that has a state, and a checkpoint often."""
    run = make_run(
        root, name, steps=STEPS, checkpoint_every=3, eval_every=3, eval_sequences=1, sample_every=60,
        patience=STEPS,
    )  # fmt: skip
    config = read_json(run / "config.json")
    config["model"] |= {"dropout": 0.1}
    config["optim"] |= {"optimizer": "muon"}
    write_json_atomic(run / "config.json", config)
    return run


def lines(run, name):
    found, _ = getattr(runs, f"read_{name}")(run)
    return [{key: value for key, value in line.items() if key not in TIMES} for line in found]


def state(run):
    """Return every byte and every number of the last checkpoint, times aside."""
    folder = runs.checkpoint_folder(run, runs.checkpoints(run)[-1])
    extra = json.loads((folder / "state.json").read_text())["extra"]
    extra["progress"].pop("elapsed_s")
    tensors = {
        f"{kind}/{name}": tensor.tobytes()
        for kind in ("model", "optimizer")
        for name, tensor in load_file(folder / f"{kind}.safetensors").items()
    }
    return {**extra, **tensors}


def newest(run):
    return max(runs.checkpoints(run), default=0)


def await_moment(run, number, moments):
    """Wait for a moment to be killed at: in training, in a checkpoint's writing, or while it starts."""
    if number % 4 == 3:
        time.sleep(moments.uniform(0, LATEST_START))
        return
    goal, deadline = newest(run) + moments.randint(1, 18), time.time() + 60
    while newest(run) < goal and time.time() < deadline:
        time.sleep(0.001)
    if number % 4 == 0:
        time.sleep(moments.uniform(0, 0.02))
        return
    while not any((run / "checkpoints").glob(".step-*")) and time.time() < deadline:
        pass


def await_end(run):
    wait_for(run, lambda s: s["state"] == "finished", 120)


def test_killed_at_twenty_moments_it_ends_as_if_never_interrupted(tmp_path):
    whole, killed = make(tmp_path, "whole"), make(tmp_path, "killed")
    moments, cut_off, begun_at = random.Random(0), 0, []
    with forked_workers() as start:
        start(whole)
        await_end(whole)
        pid = start(killed)
        for number in range(KILLS):
            await_moment(killed, number, moments)
            end(pid)
            assert runs.status(killed)["state"] not in ("stopped", "finished"), "killed before its end"
            cut_off += any((killed / "checkpoints").glob(".step-*"))
            begun_at.append(newest(killed))
            pid = start(killed, resume=True)
        await_end(killed)
    assert cut_off >= KILLS // 4, "killed in the middle of a checkpoint"
    assert len(set(begun_at)) >= KILLS // 2, "at many steps"
    assert lines(killed, "metrics") == lines(whole, "metrics")
    assert lines(killed, "samples") == lines(whole, "samples")
    assert state(killed) == state(whole)
