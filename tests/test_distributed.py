"""Several processes that train together: real ones, which torchrun starts."""

import os
import queue
import signal
import subprocess
import sys
import time

import pytest
import torch
import torch.distributed as dist

from playground import processes, runs, worker
from playground.cli.run_folders import config_of, run_folder, train_args
from playground.config import ConfigError, TrainConfig
from playground.control import StopRequestedError
from playground.distributed import Group, talk
from playground.distributed import group as group_module
from playground.distributed.watch import Watch, end_as_failed
from playground.files import read_json, write_json_atomic
from playground.follower import obey
from playground.progress import Progress
from tests.small_runs import end, make_run, small_config, wait_for

LOSSES = ("train_loss", "grad_norm", "val_loss", "val_accuracy", "full_val_loss", "tokens_seen", "lr")


@pytest.fixture(autouse=True)
def _keep_signal_handlers():
    before = {name: signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)}
    yield
    for name, handler in before.items():
        signal.signal(name, handler)


def make(root, name, *, steps, **data):
    """Return a run whose batches of five rows no even number of processes can share equally."""
    run = make_run(root, name, steps=steps, batch_size=5, accumulate=2, precision="float32")
    config = read_json(run / "config.json")
    config["data"] |= data
    config["optim"] |= {"optimizer": "muon"}  # for the matrices of the blocks; AdamW moves the rest
    write_json_atomic(run / "config.json", config)
    return run


def torchrun(run, *flags, resume=False):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", *flags]
    command += ["-m", "playground", "--", "train", "--run", str(run), *(["--resume"] if resume else [])]
    with open(run / "log.txt", "ab") as log:
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        return subprocess.Popen(command, stdout=log, stderr=log, cwd=runs.PROJECT, env=environment)


def ranks(run):
    return {member["rank"]: member for member in runs.status(run)["processes"]}


def await_death(members, seconds=30):
    deadline = time.time() + seconds
    while any(processes.is_alive(m["pid"], m["start_time"]) for m in members):
        assert time.time() < deadline, "a process is left"
        time.sleep(0.05)


def end_all(run, launcher):
    """End what a test that failed has left; the ranks end by themselves when their launcher is gone."""
    end(launcher)
    await_death((read_json(run / "status.json") or {}).get("processes", []))


def is_training(status):
    return status["state"] == "running" and status.get("processes")


def test_two_processes_learn_what_one_learns_and_one_goes_on_where_two_stopped(tmp_path):
    padded = {"corpus": "toy-stories", "text_file": "", "batches": "padded"}
    alone, together = (make(tmp_path, name, steps=10, **padded) for name in ("alone", "together"))
    launcher = torchrun(together, "--nproc-per-node=2")
    try:
        assert launcher.wait(120) == 0
    finally:
        end_all(together, launcher.pid)
    assert len(ranks(together)) == 2
    assert worker.work(alone) == worker.DONE
    for run in (alone, together):
        runs.change_length(run, 16, 0)
        assert worker.work(run, resume=True) == worker.DONE
    records = [runs.read_metrics(run)[0] for run in (alone, together)]
    assert [r["step"] for r in records[1]] == list(range(17)), "one log"
    for one, two in zip(*records, strict=True):
        for name in LOSSES:
            assert two.get(name) == pytest.approx(one.get(name), abs=1e-4), (one["step"], name)
    assert runs.checkpoints(together) == runs.checkpoints(alone)
    assert [s["completion"] for s in runs.read_samples(together)[0]] == [
        s["completion"] for s in runs.read_samples(alone)[0]
    ]


def test_requests_reach_all_ranks_and_the_death_of_one_ends_the_run_by_name(tmp_path):
    run = make_run(tmp_path, steps=1_000_000, processes=2)
    launcher = runs.start(run)
    try:
        assert wait_for(run, is_training)["pid"] == launcher
        runs.pause(run)
        wait_for(run, lambda s: s["state"] == "paused")
        runs.set_learning_rate(run, 5e-3)
        runs.resume(run)
        step = wait_for(run, lambda s: s["state"] == "running")["step"]
        wait_for(run, lambda s: s["step"] > step + 5)
        members = ranks(run)
        end(members[1]["pid"])
        reason = wait_for(run, lambda s: s["state"] == "failed")["reason"]
        await_death([*members.values(), {"pid": launcher, "start_time": processes.start_time(launcher)}])
    finally:
        end_all(run, launcher)
    assert f"rank 1 of 2 (process {members[1]['pid']}) died" in reason
    events = [event["event"] for event in runs.read_events(run)[0]]
    assert events == ["paused", "lr", "resumed"]
    assert runs.checkpoints(run)[-1] > 0


def test_torchrun_starts_again_from_the_checkpoint_and_none_outlives_it(tmp_path):
    run = make_run(tmp_path, steps=1_000_000)
    launcher = torchrun(run, "--nproc-per-node=3", "--max-restarts=1")
    try:
        wait_for(run, lambda s: is_training(s) and s["step"] > 5)
        first = ranks(run)
        end(first[0]["pid"])
        wait_for(run, lambda s: is_training(s) and s["processes"][0]["pid"] != first[0]["pid"])
        second = ranks(run)
        resumed = next(e for e in runs.read_events(run)[0] if e["event"] == "resumed")
        end(launcher.pid)
        launcher.wait()
        await_death([*first.values(), *second.values()])
    finally:
        end_all(run, launcher.pid)
    assert resumed["step"] > 0
    assert len(second) == 3
    assert runs.status(run)["state"] == "failed"


def test_what_rank_0_hears_the_others_do_between_the_same_two_steps(tmp_path, monkeypatch):
    words = queue.SimpleQueue()
    monkeypatch.setattr(talk, "say", lambda word, value=0.0: words.put((word, value)))
    monkeypatch.setattr("playground.follower.hear", words.get)
    run = runs.create(tmp_path, "a", "{}")
    control, progress = talk.SharedControl(run), Progress(step=7)
    control.let_go(7)
    assert obey(progress) == 7
    runs.request(run, "set_lr", lr=0.5)
    runs.request(run, "pause")
    runs.request(run, "set_lr", lr=0.25)
    asked = [control.next_request() for _ in range(4)]
    assert [r and r["action"] for r in asked] == ["set_lr", "pause", "set_lr", None]
    runs.request(run, "resume")
    runs.request(run, "nonsense")
    while control.next_request() is not None:
        pass
    obey(progress)
    assert (progress.new_lr, progress.new_lr_step) == (0.25, 7)
    assert words.empty(), "they go on when rank 0 does"
    monkeypatch.setattr(talk, "KEEP_ALIVE_SECONDS", 0.0)
    control.check_stop()
    runs.request(run, "stop")
    for _ in range(2):
        with pytest.raises(StopRequestedError):
            control.check_stop()
    with pytest.raises(StopRequestedError):
        obey(progress)
    assert words.empty(), "nothing is said to those that have left"


@pytest.fixture
def group():
    """Return a rank that is the only one: a process group that needs no torchrun."""
    store = dist.HashStore()
    dist.init_process_group("gloo", store=store, rank=0, world_size=1)
    yield Group(store, 0, 1, Watch(os.getppid()))
    dist.destroy_process_group()


def test_why_a_rank_is_gone_is_found_out_and_an_error_of_ones_own_stays(group, monkeypatch):
    monkeypatch.setattr(group_module, "VERDICT_SECONDS", 0.1)
    own, silent = ZeroDivisionError("own"), RuntimeError("gloo: Timed out waiting for recv")
    assert group.cause_of(own) is own
    assert "could not reach another rank (timed out)" in str(group.cause_of(silent))
    child = subprocess.Popen([sys.executable, "-c", ""])
    member = {"rank": 1, "host": group.host, "pid": child.pid, "start_time": "1"}
    child.wait()
    group.size, group.members = 2, (*group.members, member)
    assert f"rank 1 of 2 (process {child.pid}) died" in str(group.cause_of(silent))
    group.members = (*group.members[:1], {**member, "host": "elsewhere"})
    assert "could not reach" in str(group.cause_of(silent)), "nobody knows of processes elsewhere"
    group.store.set("failed/1", "Memory ran out.")
    assert str(group.cause_of(silent)) == "Rank 1 of 2 failed: Memory ran out."
    group.leave()
    assert group.cause_of(silent) is silent, "a run that is over has its reason already"


def test_the_heir_writes_why_a_run_ended_but_never_over_another_reason(group, tmp_path):
    run = make_run(tmp_path)
    assert group.is_heir()
    group.members = ({**group.members[0], "host": "elsewhere"},)
    assert not group.is_heir(), "that is left to the machine of rank 0"
    for status, expected in (
        ({"state": "running", "pid": os.getpid()}, "rank 0 died"),
        ({"state": "running", "pid": 1}, ""),
        ({"state": "failed", "pid": os.getpid(), "reason": "The disk broke."}, "The disk broke."),
    ):
        write_json_atomic(run / "status.json", {"reason": "", **status})
        end_as_failed(run, "rank 0 died")
        assert read_json(run / "status.json")["reason"] == expected


@pytest.mark.parametrize(
    ("device", "size", "message"),
    [("cpu", 5, "batch_size is 4, but 5"), ("mps", 2, "choose device cpu"), ("cuda", 2, "GPUs number 1")],
)
def test_what_so_many_processes_can_not_train_is_refused(group, device, size, message, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    group.check(small_config(), torch.device("cpu"))
    group.size = group.local_size = size
    with pytest.raises(ConfigError, match=message):
        group.check(small_config(), torch.device(device))


def test_a_run_is_resumed_with_as_many_processes_as_are_named(tmp_path):
    run = make_run(tmp_path, steps=30)
    argv = ["--run", str(run), "--resume", "--processes", "3"]
    assert run_folder(train_args(argv, "train"), argv) == run
    assert config_of(run).train.processes == 3
    assert config_of(run).train.steps == 30


def test_what_torchrun_told_a_rank_is_not_passed_on_to_the_next_run(monkeypatch):
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "x")
    assert processes.is_started_by_torchrun()
    assert processes.run_pid() == os.getppid()
    monkeypatch.setattr(os, "environ", runs.worker_environment())
    assert not processes.is_started_by_torchrun()
    assert processes.run_pid() == os.getpid()


def test_more_processes_than_rows_are_refused():
    with pytest.raises(ConfigError, match=r"batch_size \(4\) must be at least processes \(5\)"):
        TrainConfig(batch_size=4, processes=5)
