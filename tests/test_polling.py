import json
import time

import numpy as np
import pytest

from playground import runs
from playground.bench.tick import append_points, long_run
from playground.files import write_json_atomic
from playground.ui.monitor.polling import completions, curve_csv, poll, run_list


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("PLAYGROUND_RUNS", str(tmp_path))
    return tmp_path


CURSORS = ("epoch", "metrics_byte", "samples_byte")


def ask(run, **request):
    (answer,) = poll({"runs": [{"run": run.name, "samples": True, **request}]})["runs"]
    assert json.loads(json.dumps(answer, allow_nan=False)) == answer, "a page can read every number"
    return answer


def follow(run, answer, **more):
    """Ask as a page does that has seen an answer and knows its lines."""
    known = {"n_lines": 8, "n_crossings": 0, "n_events": 0}
    return ask(run, **{**known, **{key: answer[key] for key in CURSORS if key in answer}, **more})


def write_samples(run, steps, text="c" * 300):
    with open(run / "samples.jsonl", "a") as file:
        for step in steps:
            rows = ({"step": step, "prompt": f"prompt {i}", "completion": text} for i in range(3))
            file.writelines(json.dumps(row) + "\n" for row in rows)


def test_deltas_add_up_to_the_whole_series(root):
    run = long_run(root, 100)
    whole, steps, losses, accuracies = ask(run), [], [], []
    lines = (run / "metrics.jsonl").read_bytes().splitlines(keepends=True)
    (run / "metrics.jsonl").unlink()
    answer = None
    for start in range(0, 100, 13):
        with open(run / "metrics.jsonl", "ab") as file:
            file.writelines(lines[start : start + 13])
        answer = ask(run) if answer is None else follow(run, answer)
        steps += answer["train"]["step"]
        losses += answer["train"]["mean"]
        accuracies += answer.get("val", {}).get("val_accuracy", [])
    assert steps == whole["train"]["step"] == list(range(100))
    assert losses == whole["train"]["mean"]
    assert accuracies == whole["val"]["val_accuracy"] == [0.5, 0.5]
    assert "train" not in follow(run, answer)


def test_a_tick_is_small_and_opening_a_long_run_is_bounded(root):
    run = long_run(root, 50_000)
    opened = ask(run)
    assert len(json.dumps(opened)) <= 200_000
    assert opened["train"]["step"][0] == 0
    assert opened["train"]["step"][-1] == 49_999
    assert sum(opened["train"]["n"]) == 50_000
    for new in (1, 50, 20_000):
        before = opened["metrics_byte"]
        append_points(run, 50_000, 50_000 + new)
        write_samples(run, range(3))
        opened = follow(run, opened)
        assert opened["metrics_byte"] > before
        assert sum(opened["train"]["n"]) == new
        assert len(json.dumps(opened)) <= 5000


def test_a_spike_in_a_long_run_is_never_lost(root):
    run = long_run(root, 30_000)
    with open(run / "metrics.jsonl", "a") as file:
        file.write(json.dumps({"step": 30_000, "train_loss": 99.0}) + "\n")
    append_points(run, 30_001, 60_000)
    assert max(ask(run)["train"]["high"]) == 99.0


def test_another_generation_sends_everything_anew(root):
    run = long_run(root, 20)
    first = ask(run)
    assert first["opening"]
    assert not follow(run, first)["opening"]
    write_json_atomic(run / "status.json", {"state": "finished", "created": time.time(), "generation": 2})
    again = follow(run, first)
    assert again["opening"]
    assert again["train"]["step"] == first["train"]["step"]


def test_lines_and_events_come_when_they_are_known_and_only_then(root):
    run = long_run(root, 5)
    lines = (run / "baselines.json").read_text()
    (run / "baselines.json").unlink()
    answer = ask(run, n_lines=0)
    assert "lines" not in answer
    (run / "baselines.json").write_text(lines)
    answer = follow(run, answer, n_lines=0)
    assert [line["label"] for line in answer["lines"]] == [
        "uniform", "unigram, in sample", "bigram, in sample", "trigram, in sample",
        "unigram, held out", "bigram, held out", "trigram, held out", "floor",
    ]  # fmt: skip
    assert answer["facts"]["flops_per_token"] > 0
    answer = follow(run, answer)
    assert not {"lines", "events", "facts"} & set(answer)
    (run / "events.jsonl").write_text('{"step": 3, "event": "paused", "elapsed_s": 1.0}\n')
    assert follow(run, answer)["events"] == [{"step": 3, "text": "paused"}]
    assert "events" not in follow(run, answer, n_events=1)


def test_notes_come_when_they_are_asked_for(root):
    run = long_run(root, 3000)
    assert "notes" not in ask(run)
    opened = ask(run, notes=True)
    assert "under_trigram" in {note["rule"] for note in opened["notes"]}
    assert "notes" not in follow(run, opened)
    assert follow(run, opened, notes=True)["notes"] == opened["notes"]


def test_several_runs_are_answered_in_one_go_and_one_that_is_gone_is_named(root):
    first, second = long_run(root, 10), long_run(root, 20)
    answers = poll({"runs": [{"run": first.name}, {"run": "gone"}, {"run": second.name}]})["runs"]
    assert [answer["run"] for answer in answers] == [first.name, "gone", second.name]
    assert len(answers[2]["train"]["step"]) == 20
    assert "no run named 'gone'" in answers[1]["error"]
    assert "samples" not in answers[0], "only where the page shows them"
    assert len(poll({"runs": [{"run": first.name}] * 100})["runs"]) == 12


@pytest.mark.parametrize("request_", [None, [], "x", {}, {"runs": None}, {"runs": "x"}, {"runs": [None, 3]}])
def test_a_request_for_nothing_is_answered_with_nothing(root, request_):
    assert poll(request_)["runs"] == []


@pytest.mark.parametrize("name", [None, "", "../../etc", "nope", ["a"], {"a": 1}])
def test_a_run_that_is_not_there_is_named_and_nothing_is_raised(root, name):
    assert "no run named" in poll({"runs": [{"run": name}]})["runs"][0]["error"]
    assert completions({"run": name, "steps": [1]})["samples"] == []
    assert curve_csv({"runs": [name]}) == {"csv": "run\r\n"}


@pytest.mark.parametrize("garbage", [None, "x", -5, 1e300, 10**400, float("nan"), [1], {"a": 1}, True])
def test_garbled_cursors_are_no_crash(root, garbage):
    run = long_run(root, 20)
    epoch = ask(run)["epoch"]
    keys = ("metrics_byte", "samples_byte", "n_lines", "n_crossings", "n_events", "notes", "samples")
    assert "error" not in ask(run, epoch=epoch, **dict.fromkeys(keys, garbage))
    assert ask(run, epoch=garbage)["opening"]
    assert completions({"run": run.name, "steps": garbage})["samples"] == []
    assert completions(garbage)["samples"] == []
    assert curve_csv({"runs": garbage})["csv"] == "run\r\n"


def test_a_folder_that_is_half_there_is_shown_as_far_as_it_goes(root):
    run = runs.create(root, "bare", "{}")
    (run / "metrics.jsonl").write_bytes(
        b'{"step": 1, "train_loss": NaN}\n{"step": 2, "train_loss": 3.5, "lr": "x"}\n[1]\n{"st'
    )
    (run / "baselines.json").write_text('{"uniform": "x", "held_out": 3}')
    (run / "samples.jsonl").write_text('{"step": "x"}\n{"step": 1}\n')
    answer = ask(run)
    assert answer["train"]["step"] == [2]
    assert answer["train"]["tokens_seen"] == [None]
    assert answer["train"]["mean"] == answer["train"]["low"] == answer["train"]["high"] == [3.5]
    (run / "status.json").unlink()
    (run / "config.json").write_text("garbled")
    answer = ask(run)
    assert answer["status"]["state"] == "failed"
    assert answer["facts"]["flops_per_token"] is None


def test_new_completions_come_as_steps_and_the_newest_text(root):
    run = long_run(root, 5)
    write_samples(run, (0, 50, 100))
    opened = ask(run)
    assert opened["sample_steps"] == [0, 50, 100]
    assert [row["step"] for row in opened["samples"]] == [100] * 3
    assert follow(run, opened)["sample_steps"] == []
    write_samples(run, (150,), text="d" * 900)
    answer = follow(run, opened)
    assert answer["sample_steps"] == [150]
    assert len(answer["samples"][0]["completion"]) == 401
    found = completions({"run": run.name, "steps": [50, 0]})["samples"]
    assert {row["step"] for row in found} == {0, 50}
    assert len(found) == 6


def test_the_list_of_runs_and_the_table_of_their_numbers(root):
    long_run(root, 3)
    second = long_run(root, 2)
    assert {entry["name"] for entry in run_list(None)} == {"long", "long-2"}
    rows = curve_csv({"runs": ["long", second.name]})["csv"].splitlines()
    assert len(rows) == 6
    head = rows[0].split(",")
    assert head[:2] == ["run", "step"]
    values = dict(zip(head, rows[2].split(","), strict=True))
    record = json.loads((root / "long" / "metrics.jsonl").read_text().splitlines()[1])
    assert (values["run"], float(values["train_loss"])) == ("long", record["train_loss"])
    assert values["val_loss"] == ""


def test_tables_hold_every_record_of_a_long_run(root):
    run = long_run(root, 5000)
    table = curve_csv({"runs": [run.name]})["csv"].splitlines()
    steps = np.array([int(row.split(",")[1]) for row in table[1:]])
    assert np.array_equal(steps, np.arange(5000))


def test_another_word_stands_for_a_run_when_other_buttons_apply(root):
    run = long_run(root, 20)
    write_json_atomic(run / "status.json", {"state": "finished", "step": 20, "generation": 1})
    before = ask(run)["standing"]
    assert follow(run, ask(run))["standing"] == before
    checkpoint = runs.checkpoint_folder(run, 10)
    checkpoint.mkdir(parents=True)
    (checkpoint / "state.json").write_text("{}")
    kept = ask(run)["standing"]
    assert kept != before
    (run / "events.jsonl").write_text('{"step": 3, "event": "lr", "from": 1, "to": 2, "elapsed_s": 1}\n')
    assert ask(run)["standing"] != kept
