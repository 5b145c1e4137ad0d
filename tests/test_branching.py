"""A branch goes on as its source would have; what is changed shows."""

import json

import pytest

from playground import runs, worker
from playground.config import RunConfig
from tests.small_runs import make_run
from tests.test_worker import losses, weights


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    run = make_run(tmp_path_factory.mktemp("runs"), "source", keep_checkpoints=10)
    assert worker.work(run) == worker.DONE
    return run


def test_a_branch_with_nothing_changed_is_the_same_run(source, tmp_path):
    run = runs.branch(source, 10, "twin", root=tmp_path)
    assert runs.status(run)["state"] == "stopped"
    assert losses(run)[-1][0] == 10
    assert worker.work(run, resume=True) == worker.DONE
    assert losses(run) == losses(source)
    assert weights(run, 30) == weights(source, 30)
    config = RunConfig.from_json((run / "config.json").read_text())
    assert config.origin == "source@10"
    assert [(e["event"], e["step"]) for e in runs.read_events(run)[0]] == [("branched", 10), ("resumed", 10)]
    assert runs.checkpoints(source)[-1] == 30, "the source is left as it was"


def test_a_step_without_a_checkpoint_is_named_and_leaves_nothing(source, tmp_path):
    with pytest.raises(runs.RunError, match="no checkpoint of step 11: there is 5, 10"):
        runs.branch(source, 11, "none", root=tmp_path)
    assert not list(tmp_path.iterdir())


def test_branching_on_the_command_line(source, tmp_path, command):
    folder = tmp_path / "runs" / "other"
    arguments = ("train", "--from", str(source), "--from-step", "20", "--run", str(folder))
    status, _, err = command(*arguments, "--d-model", "32")
    assert status == 2
    assert "model and the text of source" in err
    assert command(*arguments, "--lr", "0.001", "--lr-min", "0.001", "--steps", "24")[0] == 0
    config = json.loads((folder / "config.json").read_text())
    assert (config["optim"]["lr"], config["train"]["steps"]) == (0.001, 24)
    rates = {r["step"]: r["lr"] for r in runs.read_metrics(folder)[0] if "lr" in r}
    assert [rates[step] for step in range(21, 25)] == [0.001] * 4
    assert losses(folder)[20] == losses(source)[20]
    status, _, err = command("train", "--run", str(folder), "--resume", "--lr", "1")
    assert (status, "--lr can't be changed" in err) == (2, True)
    assert command("train", "--run", str(folder), "--resume", "--steps", "26")[0] == 0
    assert losses(folder)[-1][0] == 26
    status, _, err = command("train", "--run", str(folder), "--resume", "--steps", "9")
    assert (status, "has done 26" in err) == (2, True)


def test_requests_on_the_command_line(command, tmp_path):
    run = make_run(tmp_path / "runs", "small")
    status, _, err = command("runs", "--set-lr", "small", "0.1")
    assert (status, "not under way" in err) == (2, True)
    assert command("runs", "--pause", "small")[0] == 0
    assert [r["action"] for r in runs.pending_requests(run)] == ["pause"]
    assert command("runs", "--pause", "nope")[0] == 2


def test_a_branch_learns_at_a_multiple_of_the_rate_also_of_one_that_was_set_by_hand(source, tmp_path):
    rates = {r["step"]: r["lr"] for r in runs.read_metrics(source)[0] if "lr" in r}
    run = runs.branch(source, 20, "faster", root=tmp_path, lr_factor=3)
    state = runs.checkpoint_folder(run, 20) / "state.json"
    original = (runs.checkpoint_folder(source, 20) / "state.json").read_text()
    assert state.read_text() == original
    assert worker.work(run, resume=True) == worker.DONE
    after = {r["step"]: r["lr"] for r in runs.read_metrics(run)[0] if "lr" in r}
    assert [after[step] for step in range(21, 31)] == pytest.approx([3 * rates[s] for s in range(21, 31)])

    by_hand = runs.branch(source, 20, "by-hand", root=tmp_path)
    state = runs.checkpoint_folder(by_hand, 20) / "state.json"
    values = json.loads(state.read_text())
    values["extra"]["progress"] |= {"new_lr": 0.01, "new_lr_step": 18}
    state.unlink()
    state.write_text(json.dumps(values))
    slower = runs.branch(by_hand, 20, "slower", root=tmp_path, lr_factor=0.5)
    changed = json.loads((runs.checkpoint_folder(slower, 20) / "state.json").read_text())
    assert changed["extra"]["progress"]["new_lr"] == 0.005
    assert json.loads(state.read_text())["extra"]["progress"]["new_lr"] == 0.01, (
        "the source is left as it was"
    )
