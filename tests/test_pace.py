import pytest

from playground import pace


def test_rate_and_time_left(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(pace.time, "perf_counter", lambda: now[0])
    clock = pace.Pace()
    assert clock.at("cutting", 0, 1000) is None
    now[0] += 2
    assert clock.at("cutting", 250, 1000) == {"share": 0.25, "rate": 125, "seconds_left": pytest.approx(6)}
    now[0] += 5
    assert clock.at("counting", 0, 0) is None
    now[0] += 1
    assert clock.at("counting", 10, 20)["rate"] == 10
