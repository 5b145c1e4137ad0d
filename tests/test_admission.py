import dataclasses
import json
import os
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from playground import run_bounds, runs
from playground.admission import check_config, parameters_of
from playground.config import DataConfig, RunConfig
from playground.limits import PUBLIC, LimitError, Limits
from playground.models import build_model
from playground.run_archive import export_run, import_run
from playground.run_bounds import RunBounds
from playground.worker import FAILED, STOPPED, work
from tests.small_runs import end, make_run, small_config, wait_for

CONFIG = small_config()


def changed(part, **values):
    return dataclasses.replace(CONFIG, **{part: dataclasses.replace(getattr(CONFIG, part), **values)})


OVER = {
    "parameters": changed("model", d_model=4096, n_layers=9, d_mlp=0, d_head=0),
    "n_layers|layers": changed("model", n_layers=100),
    "steps": changed("train", steps=10**6),
    "Tokens of a step": changed("train", batch_size=10**6),
    "Tokens of an evaluation": changed("train", eval_sequences=10**9),
    "max_tokens": changed("sample", max_tokens=10**9),
    "max_tokens ": changed("sample", beams=10**5),
    "prompt": changed("sample", prompts=("a" * 10**6,)),
    "prompts": changed("sample", prompts=("a",) * 100),
    "processes": changed("train", processes=2),
    "loggers": changed("train", loggers="wandb"),
    "check_memory": changed("train", check_memory=False),
    "text_file": changed("data", text_file="/etc/passwd"),
    "text_file ": changed("data", text_file="../other/text.txt"),
    "of the Hub": changed("data", tokenizer="hf:/etc"),
    "of the Hub ": changed("data", corpus="hub", hub="evil/data"),
    "name the MB": changed("data", corpus="hub", hub="roneneldan/TinyStories"),
    "MB": changed("data", corpus="hub", hub="roneneldan/TinyStories", max_bytes=10**12),
    "Hugging Face's own": changed("model", architecture="hf", hf_config="{}"),
    "evil/model": dataclasses.replace(CONFIG, start_from="evil/model"),
    "/etc of the Hub": dataclasses.replace(CONFIG, start_from="/etc"),
    "bpe:1000000": changed("data", tokenizer="bpe:1000000"),
}


@pytest.mark.parametrize("named", OVER)
def test_settings_over_a_limit_are_refused_by_name(named):
    check_config(CONFIG, PUBLIC)
    check_config(OVER[named], Limits())
    with pytest.raises(LimitError, match=named.strip()):
        check_config(OVER[named], PUBLIC)


def test_the_parameters_of_a_vocabulary_that_is_not_known_yet():
    config = changed("data", tokenizer="bpe:300")
    known = dataclasses.replace(config.model, d_vocab=300)
    assert parameters_of(config) == sum(p.numel() for p in build_model(known).parameters())


def test_nothing_over_the_limits_is_made_or_started(tmp_path, monkeypatch):
    run = make_run(tmp_path, steps=50)
    monkeypatch.setenv("PLAYGROUND_STEPS", "40")
    with pytest.raises(runs.RunError, match="steps is 50"):
        runs.start(run)
    assert runs.status(run)["state"] == "stopped"
    with pytest.raises(runs.RunError, match="steps is 50"):
        make_run(tmp_path, "other", steps=50)
    assert runs.list_runs(tmp_path) == [run]
    (run / "config.json").write_text('{"model": 3')
    with pytest.raises(runs.RunError, match="can't be read"):
        runs.start(run)


def test_an_archive_over_the_limits_is_not_imported(tmp_path, monkeypatch):
    run = make_run(tmp_path / "one", steps=50)
    export_run(run, tmp_path / "run.zip")
    import_run(tmp_path / "run.zip", tmp_path / "two")
    monkeypatch.setenv("PLAYGROUND_STEPS", "40")
    with pytest.raises(LimitError, match="steps is 50"):
        import_run(tmp_path / "run.zip", tmp_path / "three")
    assert runs.list_runs(tmp_path / "three") == []


def test_a_worker_refuses_what_came_past_the_page(tmp_path, monkeypatch):
    monkeypatch.setenv("PLAYGROUND_PARAMETERS", "100")
    run = tmp_path / "by-hand"
    run.mkdir()
    (run / "config.json").write_text(small_config().to_json())
    (run / "text.txt").write_text("the cat sat on the mat. " * 100)
    assert work(run) == FAILED
    assert "at most 100 here" in runs.status(run)["reason"]


def test_a_run_that_has_had_its_time_is_not_resumed(tmp_path, monkeypatch):
    run = make_run(tmp_path)
    status = json.loads((run / "status.json").read_text())
    (run / "status.json").write_text(json.dumps({**status, "elapsed_s": 9.5}))
    monkeypatch.setenv("PLAYGROUND_RUN_SECONDS", "9")
    with pytest.raises(runs.RunError, match="9 seconds"):
        runs.start(run, resume=True)


def test_runs_of_a_visitor_and_of_all(tmp_path, monkeypatch):
    monkeypatch.setenv("PLAYGROUND_VISITOR_RUNS", "2")
    monkeypatch.setenv("PLAYGROUND_TOTAL_RUNS", "3")
    who = {"owner": "a"}
    monkeypatch.setattr(runs.Asker, "ask", lambda: runs.Visitor(who["owner"]))
    first = [make_run(tmp_path), make_run(tmp_path)]
    with pytest.raises(runs.RunError, match=r"your runs is 3, but at most 2"):
        make_run(tmp_path)
    who["owner"] = "b"
    make_run(tmp_path)
    with pytest.raises(runs.RunError, match=r"all visitors is 4"):
        make_run(tmp_path)
    assert [runs.read_owner(run) for run in first] == ["a", "a"]
    who["owner"] = "a"
    runs.delete_run(first[0])
    make_run(tmp_path)


def stopped(run, before_the_end=lambda run: None):
    """Start a run without an end, wait until it has stopped by itself, and return its status."""
    pid = runs.start(run)
    try:
        wait_for(run, lambda s: s["step"] > 20 or s["state"] not in runs.ACTIVE)
        before_the_end(run)
        return wait_for(run, lambda s: s["state"] not in runs.ACTIVE)
    finally:
        end(pid)


@pytest.mark.parametrize(
    ("name", "value", "said", "happens"),
    [
        ("RUN_MEGABYTES", "1", "1 MB", lambda run: (run / "ballast").write_bytes(bytes(2 * 10**6))),
        ("IDLE_SECONDS", "3", "paused", runs.pause),
    ],
)
def test_a_worker_stops_by_itself_with_its_checkpoint(tmp_path, monkeypatch, name, value, said, happens):
    monkeypatch.setenv(f"PLAYGROUND_{name}", value)
    run = make_run(tmp_path, steps=1_000_000, checkpoint_every=10)
    status = stopped(run, happens)
    assert (status["state"], said in status["reason"]) == ("stopped", True), status["reason"]
    assert status["latest"] == runs.checkpoints(run)[-1] == status["step"] > 0


def test_a_worker_stops_when_its_seconds_are_over(tmp_path, monkeypatch):
    """The clock jumps by an hour at step 20."""
    run = make_run(tmp_path, steps=1_000_000, checkpoint_every=10)
    jump = lambda: 3600 if len(runs.read_metrics(run)[0]) > 20 else 0  # noqa: E731
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + jump())
    monkeypatch.setattr(run_bounds, "time", clock)
    monkeypatch.setattr(RunBounds, "_end_later", lambda self, seconds: None)  # this process is to live on
    monkeypatch.setenv("PLAYGROUND_RUN_SECONDS", "3500")
    assert work(run) == STOPPED
    status = runs.status(run)
    assert "3,500 seconds" in status["reason"]
    assert status["latest"] == runs.checkpoints(run)[-1] == status["step"] >= 20


def test_who_nobody_looks_at_makes_way_for_those_who_wait(tmp_path, monkeypatch):
    monkeypatch.setenv("PLAYGROUND_IDLE_SECONDS", "2")
    run, waiting = make_run(tmp_path, steps=1_000_000), make_run(tmp_path, "waits")
    bounds = RunBounds(run)
    bounds.seen_at -= 3
    assert bounds.why_stop() == "", "nobody waits"
    monkeypatch.setattr("playground.runs.queue.slots", lambda: 0)
    runs.start(waiting)
    bounds.looked = 0.0
    assert "nobody looked" in bounds.why_stop()
    runs.mark_seen(run)
    bounds.looked = 0.0
    assert bounds.why_stop() == ""


def test_a_step_without_an_end_is_ended(tmp_path):
    code = """if True:
        import time
        from pathlib import Path
        from playground import run_bounds
        run_bounds.GRACE_SECONDS = 0.1
        run_bounds.RunBounds(Path("run"))
        time.sleep(60)
    """
    env = {**os.environ, "PLAYGROUND_RUN_SECONDS": "1", "PYTHONPATH": str(runs.PROJECT)}
    ended = subprocess.run(
        [sys.executable, "-c", code], env=env, cwd=tmp_path, capture_output=True, text=True
    )
    assert (ended.returncode, "1 seconds" in ended.stdout) == (1, True)


def test_defaults_of_a_config_are_allowed():
    check_config(RunConfig(data=DataConfig()), PUBLIC)
