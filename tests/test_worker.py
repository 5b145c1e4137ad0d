import errno
import json
import math
import os
import re
import signal

import pytest
import torch
from safetensors.numpy import load_file

from playground import checkpoint, devices, patience, records, runs, worker
from playground.config import RunConfig
from playground.files import write_json_atomic
from playground.schedules import lr_at
from tests.forked_workers import forked_workers
from tests.small_runs import TEXT, end, make_run, wait_for

pytestmark = pytest.mark.usefixtures("kept_signals")


def losses(run):
    return [(r["step"], r.get("train_loss"), r.get("val_loss")) for r in runs.read_metrics(run)[0]]


def weights(run, step):
    return (runs.checkpoint_folder(run, step) / "model.safetensors").read_bytes()


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    run = make_run(tmp_path_factory.mktemp("runs"))
    before = {name: signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)}
    assert worker.work(run) == worker.DONE
    for name, handler in before.items():
        signal.signal(name, handler)
    return run


def test_a_finished_run_has_everything_in_its_folder(finished):
    status = runs.status(finished)
    assert (status["state"], status["step"], status["total_steps"], status["reason"]) == (
        "finished",
        30,
        30,
        "",
    )
    assert status["latest"] == 30
    assert [step for step, *_ in losses(finished)] == list(range(31))
    config = RunConfig.from_json((finished / "config.json").read_text())
    assert config.model.d_vocab == len(set(TEXT)), "the config that is left is complete"
    samples, _ = runs.read_samples(finished)
    assert [(s["step"], s["prompt"]) for s in samples] == [
        (n, p) for n in (0, 10, 20, 30) for p in ("the ", "a ")
    ]
    assert all(s["settings"]["temperature"] == 0.8 for s in samples)
    kept = runs.checkpoints(finished)
    assert kept[-2:] == [25, 30]
    assert set(kept) == {25, 30, status["best"]}
    assert json.loads((finished / "baselines.json").read_text())["floor"] is None
    assert not list(finished.rglob("*.tmp")), "nothing half-written is left"


def test_records_hold_the_names_others_rely_on(finished):
    last = runs.read_metrics(finished)[0][-1]
    assert set(last) == {
        "step", "tokens_seen", "elapsed_s", "train_loss", "lr", "grad_norm", "tokens_per_s", "mfu",
        "memory_bytes", "val_loss", "val_accuracy", "val_bits_per_byte", "val_perplexity",
        "full_val_loss", "full_val_accuracy", "full_val_bits_per_byte", "full_val_perplexity",
        "kl_uniform", "kl_unigram", "kl_bigram", "kl_trigram", "induction", "position_loss",
    }  # fmt: skip
    assert 0 < last["mfu"] < 1
    assert last["tokens_seen"] == 30 * 4 * 16


def test_the_config_alone_repeats_the_run(finished, tmp_path):
    again = runs.create(tmp_path, "again", (finished / "config.json").read_text())
    (again / "text.txt").write_text(TEXT)
    assert worker.work(again) == worker.DONE
    assert losses(again) == losses(finished)
    assert weights(again, 30) == weights(finished, 30)


def test_a_killed_run_resumes_bit_for_bit(finished, tmp_path, monkeypatch):
    """Killed between two checkpoints: what was logged after the last one is dropped and learned again."""
    run = make_run(tmp_path)
    real = worker.Worker._take

    class KilledError(BaseException):
        pass

    def take(self, record):
        real(self, record)
        if record["step"] == 18:
            raise KilledError

    monkeypatch.setattr(worker.Worker, "_take", take)
    with pytest.raises(KilledError):
        worker.work(run)
    assert runs.checkpoints(run)[-1] == 15
    assert losses(run)[-1][0] == 18
    monkeypatch.setattr(worker.Worker, "_take", real)
    with open(run / "metrics.jsonl", "ab") as file:
        file.write(b'{"step": 19, "train_l')
    assert worker.work(run, resume=True) == worker.DONE
    assert losses(run) == losses(finished)
    assert weights(run, 30) == weights(finished, 30)
    assert runs.status(run)["generation"] == 2


def test_stop_pause_and_resume_a_real_process(tmp_path):
    run = make_run(tmp_path, steps=1_000_000)
    pid = runs.start(run)
    try:
        wait_for(run, lambda s: s["state"] == "running" and s["step"] >= 3)
        with pytest.raises(runs.RunError, match="small is training already"):
            runs.start(run)
        runs.pause(run)
        step = wait_for(run, lambda s: s["state"] == "paused")["step"]
        assert runs.checkpoints(run)[-1] >= step
        runs.resume(run)
        wait_for(run, lambda s: s["state"] == "running" and s["step"] > step + 3)
        runs.stop(run)
        status = wait_for(run, lambda s: s["state"] not in runs.ACTIVE)
        assert status["state"] == "stopped"
        assert status["latest"] == runs.checkpoints(run)[-1] == losses(run)[-1][0], "nothing learned is lost"
        runs.resume(run)
        wait_for(run, lambda s: s["state"] == "running" and s["step"] > status["latest"])
        pid = runs.status(run)["pid"]
        os.kill(pid, signal.SIGKILL)
        wait_for(run, lambda s: s["state"] == "failed" and "SIGKILL" in s["reason"])
    finally:
        end(pid)


def test_a_stop_before_the_worker_is_awake_is_obeyed(tmp_path):
    run = make_run(tmp_path, steps=1_000_000)
    runs.request(run, "stop")  # of an earlier time: not meant
    pid = runs.start(run)
    try:
        assert not (run / "control.json").exists()
        runs.stop(run)
        status = wait_for(run, lambda s: s["state"] not in runs.ACTIVE)
        assert status["state"] == "stopped"
        assert not (run / "metrics.jsonl").exists()
    finally:
        end(pid)


def test_a_signal_to_end_saves_a_checkpoint_and_exits_with_130(tmp_path):
    import subprocess
    import sys

    run = make_run(tmp_path, steps=1_000_000)
    command = [sys.executable, "-m", "playground", "train", "--run", str(run)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(run, lambda s: s["state"] == "running" and s["step"] >= 7)
            process.terminate()
            assert process.wait(30) == 130
        finally:
            end(process.pid)
    assert runs.status(run)["state"] == "stopped"
    assert runs.checkpoints(run)[-1] >= 7


@pytest.mark.parametrize(
    ("text", "words"), [("ab" * 15, ["27 tokens", "context"]), ("a", ["too short"]), (None, ["text.txt"])]
)
def test_a_text_that_can_not_be_learned_fails_in_one_sentence(tmp_path, text, words):
    run = make_run(tmp_path, text=text or "")
    config = json.loads((run / "config.json").read_text())
    config["model"]["n_ctx"] = 64
    write_json_atomic(run / "config.json", config)
    if text is None:
        (run / "text.txt").unlink()
    assert worker.work(run) == worker.FAILED
    status = runs.status(run)
    assert status["state"] == "failed"
    assert all(word in status["reason"] for word in words), status["reason"]
    assert "\n" not in status["reason"]


def test_a_loss_that_is_no_number_fails_with_what_to_try(tmp_path):
    run = make_run(tmp_path)
    config = json.loads((run / "config.json").read_text())
    config["optim"] |= {
        "lr": 1e30,
        "lr_min": 1e30,
        "schedule": "constant",
        "max_grad_norm": 0.0,
        "warmup_steps": 0,
    }
    write_json_atomic(run / "config.json", config)
    assert worker.work(run) == worker.FAILED
    assert "learning rate" in runs.status(run)["reason"]
    assert "step" in runs.status(run)["reason"]


def edit(run, **parts):
    config = json.loads((run / "config.json").read_text())
    for part, values in parts.items():
        config[part] |= values
    write_json_atomic(run / "config.json", config)


def test_a_loss_that_is_no_number_keeps_the_last_good_checkpoint(tmp_path, monkeypatch):
    run = make_run(tmp_path)
    real = worker.Worker._take

    def take(self, record):
        real(self, record)
        if record["step"] == 12:
            with torch.no_grad():
                self.job.model.embed.weight[0] = math.nan

    monkeypatch.setattr(worker.Worker, "_take", take)
    assert worker.work(run) == worker.FAILED
    assert "step 13" in runs.status(run)["reason"]
    assert "The checkpoint of step 10 is kept" in runs.status(run)["reason"]
    assert runs.checkpoints(run)[-1] == 10
    assert runs.read_events(run)[0][-1]["event"] == "diverged"


def test_a_run_ends_early_when_patience_is_at_its_end(tmp_path):
    run = make_run(tmp_path, steps=10_000, patience=2, log_every=100)
    edit(run, optim={"lr": 1e-30, "lr_min": 1e-30})
    assert worker.work(run) == worker.DONE
    status = runs.status(run)
    assert status["state"] == "finished"
    assert "no better validation loss in 2 evaluations" in status["reason"]
    records = runs.read_metrics(run)[0]
    assert "full_val_loss" in records[-1]
    assert records[-1]["step"] == status["latest"]
    assert records[-1]["val_loss"] >= min(r["val_loss"] for r in records[1:])
    assert runs.read_samples(run)[0][-1]["step"] == status["latest"]
    assert worker.work(run, resume=True) == worker.DONE
    assert len(runs.read_metrics(run)[0]) == len(records), "it has no patience left"
    runs.change_length(run, 10_000, patience=4)
    assert worker.work(run, resume=True) == worker.DONE
    assert len(runs.read_metrics(run)[0]) == len(records) + 2


def test_a_model_too_large_for_the_memory_is_said_as_such(tmp_path):
    run = make_run(tmp_path)
    edit(run, model={"d_mlp": 10**11}, train={"check_memory": False})
    assert worker.work(run) == worker.FAILED
    assert "Memory ran out when" in runs.status(run)["reason"]
    assert "estimated to need" in runs.status(run)["reason"]


def test_a_run_that_can_not_fit_is_refused_before_the_first_step_unless_told_otherwise(tmp_path, monkeypatch):
    monkeypatch.setattr(devices, "free_bytes", lambda: 250_000)
    run = make_run(tmp_path, steps=1, batch_size=64)
    assert worker.work(run) == worker.FAILED
    reason = runs.status(run)["reason"]
    assert re.match(
        r"It would take [\d.]+ [kM]B of memory, but there are 250 kB: a batch of \d+ fits", reason
    )
    assert not (run / "metrics.jsonl").exists()
    edit(run, train={"check_memory": False})
    assert worker.work(run) == worker.DONE


@pytest.mark.parametrize("name", ["metrics.jsonl", "step-000015"])
def test_a_full_disk_pauses_the_run_which_goes_on_by_itself(finished, tmp_path, monkeypatch, name):
    """Refused three times: nothing is lost, and nothing is written twice."""
    monkeypatch.setattr(patience, "RETRY_SECONDS", 0.01)
    run, states = make_run(tmp_path), []

    def refuse(real):
        def act(target, *args, **kwargs):
            if name in str(target) and len(states) < 3 and runs.status(run)["step"] >= 5:
                states.append(runs.status(run)["state"])
                raise OSError(errno.ENOSPC, "No space left on device", str(target))
            return real(target, *args, **kwargs)

        return act

    monkeypatch.setattr(records, "append_lines", refuse(records.append_lines))
    monkeypatch.setattr(checkpoint, "_write_tensors", refuse(checkpoint._write_tensors))
    assert worker.work(run) == worker.DONE
    assert states == ["running", "paused", "paused"]
    assert losses(run) == losses(finished)
    assert weights(run, 30) == weights(finished, 30)
    assert [e["event"] for e in runs.read_events(run)[0]] == ["disk_full"]


def test_a_rate_set_while_running_holds_at_once_and_after_a_resume(tmp_path):
    run = make_run(tmp_path, steps=1_000_000, keep_checkpoints=10**6)
    edit(run, optim={"schedule": "constant", "warmup_steps": 0})
    with forked_workers() as start:
        pid = start(run)
        wait_for(run, lambda s: s["state"] == "running" and s["step"] >= 3)
        runs.set_learning_rate(run, 0.002)
        wait_for(run, lambda s: len(runs.read_events(run)[0]) == 1)
        end(pid)
        event = runs.read_events(run)[0][0]
        assert (event["event"], event["from"], event["to"]) == ("lr", 0.01, 0.002)
        assert event["step"] in runs.checkpoints(run)
        start(run, resume=True)
        status = wait_for(run, lambda s: s["state"] == "running" and s["step"] > event["step"] + 3)
        runs.stop(run)
        wait_for(run, lambda s: s["state"] == "stopped")
    rates = {r["step"]: r["lr"] for r in runs.read_metrics(run)[0] if "lr" in r}
    assert status["generation"] == 2
    assert all(lr == (0.01 if step <= event["step"] else 0.002) for step, lr in rates.items())
    assert [e["event"] for e in runs.read_events(run)[0]] == ["lr", "resumed", "stopped"]


def test_a_run_goes_on_with_more_steps(tmp_path):
    run = make_run(tmp_path)
    assert worker.work(run) == worker.DONE
    with pytest.raises(runs.RunError, match="has done 30"):
        runs.change_length(run, 20, 0)
    runs.change_length(run, 40, 0)
    assert worker.work(run, resume=True) == worker.DONE
    status, config = runs.status(run), RunConfig.from_json((run / "config.json").read_text())
    assert (status["step"], status["total_steps"], config.train.steps) == (40, 40, 40)
    rates = {r["step"]: r["lr"] for r in runs.read_metrics(run)[0] if "lr" in r}
    assert rates[31] == lr_at(30, config.optim, 40)
    last = runs.read_events(run)[0][-1]
    assert (last["event"], last["step"], last["from"], last["to"]) == ("steps", 30, 30, 40)


def test_a_second_worker_in_the_same_folder_is_refused(tmp_path):
    run = make_run(tmp_path, steps=1_000_000)
    pid = runs.start(run)
    try:
        wait_for(run, lambda s: s["state"] == "running")
        with pytest.raises(ValueError, match="training already"):
            worker.refuse_if_busy(run)
    finally:
        end(pid)


def test_checkpoints_are_readable_by_others(finished):
    tensors = load_file(runs.checkpoint_folder(finished, 30) / "model.safetensors")
    assert tensors["embed.weight"].shape == (len(set(TEXT)), 16)
