import sys

import pytest

from playground.accounting import Machine, save_machine
from playground.ui import machine_watch
from playground.ui.machine_watch import MachineWatch

MEASURED = Machine("cpu", 2, 10**10, 10**8, 1e11, False, {"add": ((1.0, 1.0),)})


@pytest.fixture
def quiet(tmp_path, monkeypatch):
    """A machine that nobody has measured, and no run on it."""
    monkeypatch.setenv("PLAYGROUND_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PLAYGROUND_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(machine_watch, "COMMAND", [sys.executable, "-c", "import time; time.sleep(60)"])


def test_it_is_measured_once_by_a_child(quiet):
    watch = MachineWatch()
    assert watch.ask() is None
    child = watch.child
    assert child is not None
    assert watch.is_measuring
    watch.ask()
    assert watch.child is child
    save_machine(MEASURED)
    assert watch.ask() == MEASURED
    assert not watch.is_measuring
    child.kill()
    child.wait()


def test_what_was_measured_before_is_taken(quiet):
    save_machine(MEASURED)
    watch = MachineWatch()
    assert watch.ask() == MEASURED
    assert watch.child is None


def test_a_run_under_way_would_spoil_it(quiet, monkeypatch, tmp_path):
    monkeypatch.setattr(machine_watch.runs, "active_run", lambda root: tmp_path)
    watch = MachineWatch()
    assert watch.ask() is None
    assert not watch.is_measuring
