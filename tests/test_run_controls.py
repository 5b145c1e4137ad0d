import json
import signal
from dataclasses import fields

import pytest

from playground import runs, worker
from playground.ui import run_controls
from playground.ui.run_controls import RunControls, branch_step, branch_steps, looks, rate_of
from tests.small_runs import make_run

NAMES = [field.name for field in fields(RunControls)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a run that has ended."""
    before = {name: signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)}
    root = tmp_path_factory.mktemp("runs")
    assert worker.work(make_run(root, steps=10, keep_checkpoints=4)) == worker.DONE
    for name, handler in before.items():
        signal.signal(name, handler)
    return root


@pytest.fixture
def run(folder, monkeypatch):
    monkeypatch.setenv("PLAYGROUND_RUNS", str(folder))
    return folder / "small"


@pytest.fixture
def in_state(run, monkeypatch):
    """Return a function that lets the run look as if it were in a state."""
    before = runs.status(run)
    return lambda state: monkeypatch.setattr(
        run_controls.runs, "status", lambda r: {**before, "state": state}
    )


def visible(name):
    parts = dict(zip(NAMES, looks(name), strict=True))
    return {part for part, update in parts.items() if update.get("visible", True)} - {"pause", "stop"}


BRANCH = {"checkpoint", "factor", "branch"}


@pytest.mark.parametrize(
    ("state", "parts"),
    [
        ("running", {"rate", "set_rate"} | BRANCH),
        ("paused", {"rate", "set_rate"} | BRANCH),
        ("finished", {"steps", "train_on"} | BRANCH),
        ("stopped", {"steps", "train_on"} | BRANCH),
        ("failed", BRANCH),
    ],
)
def test_only_what_applies_is_shown(in_state, state, parts):
    in_state(state)
    assert visible("small") == parts


def test_where_there_is_no_run_nothing_can_be_done(run):
    assert visible("") == set()
    pause, stop, *_ = looks("gone")
    assert not pause["interactive"]
    assert not stop["interactive"]


def test_the_boxes_hold_what_is_true_now_and_are_left_alone_afterwards(run):
    last = runs.read_metrics(run)[0][-1]["lr"]
    assert rate_of(run) == pytest.approx(last, rel=1e-3)
    parts = dict(zip(NAMES, looks("small"), strict=True))
    assert parts["steps"]["value"] == 20
    assert "value" not in dict(zip(NAMES, looks("small", anew=False), strict=True))["steps"]


def test_checkpoints_to_branch_from_are_those_before_the_end(run):
    assert branch_steps(run) == [5]
    assert [branch_step(run, wanted) for wanted in ("newest", "best", "5", "1,200", None)] == [
        5,
        5,
        5,
        1200,
        5,
    ]
    with pytest.raises(runs.RunError, match="newest, best or a step"):
        branch_step(run, "fifth")


def test_a_branch_has_other_rates_and_is_shown(run, monkeypatch):
    started = []
    monkeypatch.setattr(run_controls.runs, "start", lambda made, resume: started.append((made, resume)))
    chosen, said, *_ = run_controls._branch("small", "newest", 3.0)
    made = started[0][0]
    assert (made.name, chosen["value"], started[0][1]) == ("small-from-5", "small-from-5", True)
    assert "goes on from step 5" in said
    before, after = (json.loads((r / "config.json").read_text())["optim"] for r in (run, made))
    assert [after[rate] / before[rate] for rate in ("lr", "lr_min", "muon_lr")] == pytest.approx([3, 3, 3])


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda: run_controls._set_rate("small", 0.1), "not under way"),
        (lambda: run_controls._set_rate("small", None), "empty"),
        (lambda: run_controls._train_on("small", 7), "10 steps already"),
        (lambda: run_controls._train_on("gone", 7), "no run named"),
        (lambda: run_controls._branch("small", "77", 1.0)[1:], "no checkpoint of step 77"),
    ],
)
def test_what_can_not_be_done_is_said(run, act, words):
    assert words in act()[0]


def test_training_on_changes_the_length_and_goes_on(run, monkeypatch):
    resumed = []
    monkeypatch.setattr(run_controls.runs, "resume", resumed.append)
    monkeypatch.setattr(run_controls.runs, "change_length", lambda r, steps, patience: resumed.append(steps))
    said, *_ = run_controls._train_on("small", 40)
    assert resumed == [40, run]
    assert "step 40" in said
