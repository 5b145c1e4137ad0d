"""What a run records arrives in the real libraries' own files, read back with their own readers."""

import json
import os

import pytest

from playground import loggers, runs, worker
from playground.config import ConfigError, RunConfig, TrainConfig
from playground.files import read_json, write_json_atomic
from tests.small_runs import make_run

PROMPTS = ("the ", "a|b\nc")


@pytest.fixture(scope="module")
def logged(tmp_path_factory):
    """Return a run that wrote to all three, stopped half-way and went on."""
    root = tmp_path_factory.mktemp("runs")
    os.environ["TRACKIO_DIR"] = str(root / "trackio")
    run = make_run(root, "logged", steps=20, loggers="wandb, trackio,tensorboard")
    config = read_json(run / "config.json")
    config["sample"]["prompts"] = PROMPTS
    write_json_atomic(run / "config.json", config)
    assert worker.work(run) == worker.DONE
    runs.change_length(run, 30, 0)
    assert worker.work(run, resume=True) == worker.DONE
    return run


def expected(run, name):
    return {r["step"]: r[name] for r in runs.read_metrics(run)[0] if name in r}


@pytest.mark.parametrize("name", ["train_loss", "val_loss", "val_accuracy", "lr"])
def test_tensorboard_has_every_number(logged, name):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(logged / "tensorboard"), size_guidance={"scalars": 0})
    events.Reload()
    found = {e.step: e.value for e in events.Scalars(name)}
    assert found == pytest.approx(expected(logged, name), rel=1e-6)
    texts = events.Tensors("completions/text_summary")
    assert [e.step for e in texts] == [0, 10, 20, 30]
    assert b"a\\|b" in texts[-1].tensor_proto.string_val[0]


@pytest.mark.parametrize("name", ["train_loss", "val_loss", "val_accuracy", "lr"])
def test_trackio_has_every_number(logged, name):
    from trackio.sqlite_storage import SQLiteStorage

    logs = SQLiteStorage.get_logs(loggers.base.PROJECT, "logged")
    found = {line["step"]: line[name] for line in logs if name in line}
    assert found == pytest.approx(expected(logged, name))
    tables = {line["step"]: line["completions"]["_value"] for line in logs if "completions" in line}
    samples = [s for s in runs.read_samples(logged)[0] if s["step"] == 30]
    assert tables[30] == [{key: s[key] for key in ("step", "prompt", "completion")} for s in samples]


@pytest.mark.parametrize("name", ["train_loss", "val_loss", "val_accuracy", "lr"])
def test_weights_and_biases_has_every_number(logged, name):
    found = {}
    for path in logged.glob("wandb/offline-run-*/run-*.wandb"):
        for row in history(path):
            if name in row:
                found[row["_step"]] = row[name]
    assert found == pytest.approx(expected(logged, name))
    tables = list(logged.glob("wandb/offline-run-*/files/media/table/completions_30_*.json"))
    samples = [s for s in runs.read_samples(logged)[0] if s["step"] == 30]
    assert json.loads(tables[0].read_text())["data"] == [
        [s["step"], s["prompt"], s["completion"]] for s in samples
    ]


def history(path):
    """Yield the rows of an offline run; each is a message of the library's own kind."""
    from wandb.proto import wandb_internal_pb2

    for data in log_records(path.read_bytes()):
        record = wandb_internal_pb2.Record()
        record.ParseFromString(data)
        if record.WhichOneof("record_type") == "history":
            items = record.history.item
            yield {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in items}


def log_records(data):
    """Yield the records of a log in LevelDB's format: blocks of 32 KiB, each record in one or more pieces."""
    place, whole = 7, b""
    while place + 7 <= len(data):
        left = 32768 - place % 32768
        if left < 7:
            place += left
            continue
        length, kind = int.from_bytes(data[place + 4 : place + 6], "little"), data[place + 6]
        whole += data[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in (1, 4):  # all of it, or its last piece
            yield whole
            whole = b""


def test_what_is_missing_is_named_with_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(loggers, "find_spec", lambda name: None if name == "wandb" else name)
    run = make_run(tmp_path, loggers="wandb,tensorboard")
    assert worker.work(run) == worker.FAILED
    assert "pip install wandb," in runs.status(run)["reason"]
    assert not (run / "tokens").exists(), "before anything is prepared"


def test_an_unknown_logger_is_refused():
    with pytest.raises(ConfigError, match="mlflow"):
        TrainConfig(loggers="wandb,mlflow")
    assert TrainConfig(loggers=" wandb,,trackio,wandb ").logger_names() == ["wandb", "trackio"]
    assert loggers.open_loggers(RunConfig(), None, 0) == []
