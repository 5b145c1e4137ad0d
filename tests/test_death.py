import signal

import pytest

from playground import runs
from playground.files import write_json_atomic
from playground.runs import death
from tests.small_runs import end, make_run, wait_for

GB = 10**9
ENOUGH = {"held": 2 * GB, "free": 8 * GB, "estimated": 3 * GB, "kills": None}
SCARCE = {**ENOUGH, "free": GB // 10}
TOO_LARGE = {**ENOUGH, "estimated": 30 * GB}


def notice(run, memory, code):
    state = {"step": 7, "pid": 123, "memory": memory}
    if code is not None:
        write_json_atomic(run / death.EXIT_FILE, {"pid": 123, "code": code})
    return death.death_notice(run, state)


@pytest.mark.parametrize("memory", [SCARCE, TOO_LARGE])
@pytest.mark.parametrize("code", [-9, None])
def test_killed_with_memory_scarce_is_put_down_to_memory_with_its_figures(tmp_path, memory, code):
    said = notice(tmp_path, memory, code)
    assert "at step 7, probably because memory ran out" in said
    assert f"estimated to need {memory['estimated'] / GB:.2f} GB" in said
    assert f"free were {memory['free'] / GB:.2f} GB" in said


def test_a_kill_that_the_system_counted_is_certain(tmp_path, monkeypatch):
    monkeypatch.setattr(death, "memory_kills", lambda: 3)
    assert ", because memory ran out" in notice(tmp_path, {**ENOUGH, "kills": 2}, -9)
    assert "because memory" not in notice(tmp_path, {**ENOUGH, "kills": 3}, -9)


@pytest.mark.parametrize(("code", "name"), [(-9, "SIGKILL"), (-11, "SIGSEGV"), (-99, "unknown")])
def test_another_death_by_signal_is_named(tmp_path, code, name):
    assert name in notice(tmp_path, ENOUGH, code)


def test_an_exit_of_an_earlier_worker_does_not_count(tmp_path):
    write_json_atomic(tmp_path / death.EXIT_FILE, {"pid": 5, "code": -9})
    (tmp_path / "log.txt").write_text("ImportError: no such thing\n")
    state = {"step": 7, "pid": 123, "memory": ENOUGH}
    assert "ImportError" in death.death_notice(tmp_path, state)


def test_a_machine_that_was_restarted_is_told_apart_from_a_kill(tmp_path, monkeypatch):
    monkeypatch.setattr(death, "boot_id", lambda: "this time")
    state = {"step": 7, "pid": 123, "memory": SCARCE}
    said = "The machine was restarted when the run was at step 7: it can be resumed."
    assert death.death_notice(tmp_path, {**state, "boot": "last time"}) == said
    for same in ({"boot": "this time"}, {}):
        assert "restarted" not in death.death_notice(tmp_path, state | same)


def test_a_worker_writes_its_memory_down_and_its_end_is_noted(tmp_path):
    run = make_run(tmp_path, steps=1_000_000)
    pid = runs.start(run)
    try:
        status = wait_for(run, lambda s: "memory" in s)
    finally:
        end(pid)
    assert status["memory"]["held"] > 1e8
    assert status["memory"]["estimated"] > 0
    wait_for(run, lambda s: s["state"] == "failed" and (run / death.EXIT_FILE).exists())
    assert f"by signal {signal.SIGKILL.value}" in runs.status(run)["reason"]
