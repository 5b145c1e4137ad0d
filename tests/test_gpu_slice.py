"""A run that goes on inside one call, and is handed back; here on the processor."""

import os
import subprocess
import sys

import gradio as gr
import pytest

from playground import runs
from playground.ui.gpu_slice import borrow, go_on, lent_gpu
from tests.small_runs import end, make_run, wait_for


@pytest.fixture
def run(tmp_path):
    run = make_run(tmp_path, steps=100_000, eval_every=100_000, sample_every=100_000, checkpoint_every=20)
    runs.start(run)
    yield run
    state = runs.status(run)
    if runs.is_under_way(state) and state.get("pid"):
        end(state["pid"])


def test_the_same_run_goes_on_and_is_handed_back(run):
    first = wait_for(run, lambda status: status["state"] == "running" and bool(runs.checkpoints(run)))
    said = list(borrow(run, lent_gpu(), seconds=15))
    assert "saves a checkpoint" in said[0]
    assert "steps on the GPU" in said[-1]
    assert "on the CPU cores" in said[-1]
    assert int(said[-1].split()[0].replace(",", "")) > 0
    back = wait_for(run, lambda status: status["state"] == "running" and status["pid"] != first["pid"])
    assert back["step"] > 0
    steps = [record["step"] for record in runs.read_metrics(run)[0]]
    assert steps == sorted(set(steps))
    events = [event["event"] for event in runs.read_events(run)[0]]
    assert events.count("stopped") == 2
    assert events.count("resumed") >= 1


def test_a_call_that_fails_hands_the_run_back_too(run):
    wait_for(run, lambda status: status["state"] == "running" and bool(runs.checkpoints(run)))

    def refused(name: str, seconds: float) -> int:
        raise gr.Error("Your GPU time of today is used up.")

    with pytest.raises(gr.Error, match="used up"):
        list(borrow(run, refused))
    wait_for(run, lambda status: status["state"] == "running")


def test_a_run_that_ends_in_the_call_is_done(tmp_path):
    run = make_run(tmp_path, steps=30)
    runs.start(run)
    wait_for(run, lambda status: status["state"] == "finished")
    runs.change_length(run, 40, 0)
    assert "It is done." in list(borrow(run, go_on, seconds=60))[-1]
    assert runs.status(run)["step"] == 40


def test_a_run_without_a_checkpoint_is_refused(tmp_path):
    with pytest.raises(runs.RunError, match="no checkpoint yet"):
        list(borrow(make_run(tmp_path), go_on))


@pytest.mark.parametrize(("set_to", "buttons"), [("", 0), ("0", 0), ("1", 1)])
def test_only_where_a_gpu_is_lent_there_is_a_button(set_to, buttons):
    script = """import os, gradio as gr, spaces
os.environ["SPACES_ZERO_GPU"] = os.environ.pop("SET_TO")  # after the import, which would look for a GPU
from playground.ui.gpu_slice import build_slice
with gr.Blocks() as page:
    build_slice(gr.Dropdown([]), gr.HTML())
print(sum(block.elem_id == "gpu-slice" for block in page.blocks.values()))"""
    env = {**os.environ, "SET_TO": set_to}
    done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True)
    assert int(done.stdout) == buttons
