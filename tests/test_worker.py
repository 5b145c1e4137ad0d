import json
import os
import signal

import pytest
from safetensors.numpy import load_file

from playground import runs, worker
from playground.config import RunConfig
from playground.files import write_json_atomic
from tests.small_runs import TEXT, end, make_run, wait_for


@pytest.fixture(autouse=True)
def _keep_signal_handlers():
    """The worker takes over SIGINT and SIGTERM; when it works within a test, give them back."""
    before = {name: signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)}
    yield
    for name, handler in before.items():
        signal.signal(name, handler)


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
            runs.start(make_run(tmp_path, "second"))
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
