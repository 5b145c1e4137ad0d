import json
import time

import numpy as np
import pytest

from playground import runs
from playground.bench.tick import append_points, long_run
from playground.files import write_json_atomic
from playground.ui.monitor import baseline_lines, crossing_marks, duration, poll, smoothed


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("PLAYGROUND_RUNS", str(tmp_path))
    return tmp_path


CURSORS = ("epoch", "metrics_byte", "samples_byte", "average")


def follow(run, answer, **more):
    n_lines = len(answer.get("lines", [])) or more.pop("n_lines", 0)
    return poll({"run": run.name, "n_lines": n_lines, **{key: answer[key] for key in CURSORS}, **more})


def test_deltas_add_up_to_the_whole_series(root):
    run = long_run(root, 100)
    whole, steps, losses = poll({"run": run.name}), [], []
    (run / "metrics.jsonl").rename(root / "all.jsonl")
    lines = (root / "all.jsonl").read_bytes().splitlines(keepends=True)
    answer = None
    for start in range(0, 100, 13):
        with open(run / "metrics.jsonl", "ab") as file:
            file.writelines(lines[start : start + 13])
        answer = poll({"run": run.name}) if answer is None else follow(run, answer)
        steps += answer["train"]["x"]
        losses += answer["train"]["smooth"]
    assert steps == whole["train"]["x"] == list(range(100))
    assert losses == pytest.approx(whole["train"]["smooth"], abs=1e-4)
    assert follow(run, answer)["train"]["x"] == []


def test_a_tick_is_small_and_opening_a_long_run_is_bounded(root):
    run = long_run(root, 50_000)
    opened = poll({"run": run.name})
    assert len(json.dumps(opened)) <= 200_000
    assert opened["train"]["x"][0] == 0
    assert opened["train"]["x"][-1] == 49_999
    for new in (1, 50, 20_000):
        before = opened["metrics_byte"]
        append_points(run, 50_000, 50_000 + new)
        sample = {"step": 1, "prompt": "p" * 30, "completion": "c" * 300}
        with open(run / "samples.jsonl", "a") as file:
            file.writelines(json.dumps(sample | {"step": step}) + "\n" for step in range(3) for _ in range(3))
        opened = follow(run, opened, n_lines=6)
        assert opened["metrics_byte"] > before
        assert len(json.dumps(opened)) <= 5000


def test_a_spike_in_a_long_run_is_never_lost(root):
    run = long_run(root, 30_000)
    with open(run / "metrics.jsonl", "a") as file:
        file.write(json.dumps({"step": 30_000, "train_loss": 99.0}) + "\n")
    append_points(run, 30_001, 60_000)
    assert max(poll({"run": run.name})["train"]["y"]) == 99.0


def test_another_generation_sends_everything_anew(root):
    run = long_run(root, 20)
    first = poll({"run": run.name})
    assert first["opening"]
    assert not follow(run, first)["opening"]
    write_json_atomic(run / "status.json", {"state": "finished", "created": time.time(), "generation": 2})
    again = follow(run, first)
    assert again["opening"]
    assert again["train"]["x"] == first["train"]["x"]


def test_lines_come_when_they_are_known_and_only_then(root):
    run = long_run(root, 5)
    lines = (run / "baselines.json").read_text()
    (run / "baselines.json").unlink()
    answer = poll({"run": run.name, "n_lines": 0})
    assert "lines" not in answer
    (run / "baselines.json").write_text(lines)
    answer = follow(run, answer)
    assert [line["label"] for line in answer["lines"]] == [
        "uniform", "unigram, in sample", "bigram, in sample",
        "unigram, held out", "bigram, held out", "floor",
    ]  # fmt: skip
    assert "lines" not in follow(run, answer)


@pytest.mark.parametrize(
    "request_",
    [
        None, [], "x", {}, {"run": None}, {"run": "../../etc"}, {"run": "nope"}, {"run": ["a"]},
    ],
)  # fmt: skip
def test_a_run_that_is_not_there_is_named_and_nothing_is_raised(root, request_):
    assert "no run named" in poll(request_)["error"]


@pytest.mark.parametrize("garbage", [None, "x", -5, 1e300, float("nan"), [1], {"a": 1}, True])
def test_garbled_cursors_are_no_crash(root, garbage):
    run = long_run(root, 20)
    epoch = poll({"run": run.name})["epoch"]
    keys = ("metrics_byte", "samples_byte", "average", "n_lines", "n_crossings")
    answer = poll({"run": run.name, "epoch": epoch, **dict.fromkeys(keys, garbage)})
    assert "error" not in answer
    assert poll({"run": run.name, "epoch": garbage})["opening"]


def test_a_folder_that_is_half_there_is_shown_as_far_as_it_goes(root):
    run = runs.create(root, "bare", "{}")
    (run / "metrics.jsonl").write_bytes(
        b'{"step": 1, "train_loss": NaN}\n{"step": 2, "train_loss": 3.5}\n{"st'
    )
    (run / "baselines.json").write_text('{"uniform": "x", "held_out": 3}')
    (run / "samples.jsonl").write_text('{"step": "x"}\n{"step": 1}\n')
    answer = poll({"run": "bare"})
    assert answer["train"] == {"x": [2], "y": [3.5], "smooth": [3.5]}
    assert json.loads(json.dumps(answer, allow_nan=False)) == answer
    (run / "status.json").unlink()
    assert poll({"run": "bare"})["status"]["state"] == "failed"


def test_the_average_is_debiased():
    values, average = smoothed(np.full(5, 2.0), None)
    assert values == pytest.approx(2.0)
    assert smoothed(np.array([2.0]), average)[0] == pytest.approx(2.0)
    assert smoothed(np.array([]), "garbage")[1] == [0.0, 0.0]


def test_crossings_are_told_in_a_sentence():
    lines = baseline_lines({"uniform": 6.0, "bigram": 3.0, "held_out": {"bigram": 3.2}, "floor": 1.0})
    marks = crossing_marks(
        [
            {"line": "bigram", "kind": "held_out", "step": 1200, "elapsed_s": 61.2, "loss": 3.1},
            {"line": "floor", "kind": "held_out", "step": 3, "elapsed_s": 1, "loss": 0.9},
            {"line": "trigram", "kind": "held_out", "step": 4, "elapsed_s": 2, "loss": 0.9},
        ],
        lines,
    )
    assert (
        marks[0]["text"] == "Validation loss passed the held-out bigram line at step 1,200, after 1 min 1 s."
    )
    assert (marks[0]["x"], marks[0]["y"]) == (1200, 3.1)
    assert marks[1]["text"] == "Validation loss passed the floor at step 3, after 1 s."
    assert len(marks) == 2, "a line that isn't drawn has no mark"


def test_durations():
    assert [duration(s) for s in (5.6, 80, 7500)] == ["6 s", "1 min 20 s", "2 h 5 min"]
