import json

import pytest

from playground.accounting import load_machine, save_machine
from playground.accounting.machine import machine_file, seconds_of
from tests.accounting_parts import a_machine


def test_time_is_a_power_law_between_measured_sizes_and_linear_beyond():
    points = a_machine().seconds["linear"]
    assert seconds_of(points, 10) == 1e-5
    assert seconds_of(points, 1e3) == pytest.approx(1e-5)
    assert seconds_of(points, 10**4.5) == pytest.approx(1e-4)
    assert seconds_of(points, 5e6) == pytest.approx(5e-3)


def test_measurements_are_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("PLAYGROUND_CACHE", str(tmp_path))
    assert load_machine() is None
    save_machine(a_machine())
    assert load_machine() == a_machine()
    values = json.loads(machine_file().read_text())
    machine_file().write_text(json.dumps({**values, "format": 0}))
    assert load_machine() is None
