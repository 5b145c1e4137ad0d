import signal
import threading

import pytest

from playground import runs
from playground.control import Control, StopRequestedError
from playground.files import write_json_atomic


@pytest.fixture
def control(tmp_path):
    before = {name: signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)}
    yield Control(tmp_path)
    for name, handler in before.items():
        signal.signal(name, handler)


def actions(control):
    return [r["action"] for r in iter(control.next_request, None)]


def test_requests_between_two_looks_are_all_taken_in_order_and_once(tmp_path, control):
    assert actions(control) == []
    runs.pause(tmp_path)
    runs.request(tmp_path, "set_lr", lr=0.5)
    runs.request(tmp_path, "resume")
    assert actions(control) == ["pause", "set_lr", "resume"]
    assert actions(control) == []
    runs.pause(tmp_path)
    assert actions(control) == ["pause"]


def test_a_stop_is_seen_at_once_and_leaves_other_requests_waiting(tmp_path, control):
    runs.pause(tmp_path)
    control.check_stop()
    assert actions(control) == ["pause"]
    runs.request(tmp_path, "resume")
    runs.stop(tmp_path)
    with pytest.raises(StopRequestedError):
        control.next_request()


def test_a_signal_stops(control):
    signal.raise_signal(signal.SIGTERM)
    with pytest.raises(StopRequestedError):
        control.check_stop()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"action": "stop"}', '{"id": "x", "action": "stop"}'])
def test_a_garbled_request_is_passed_over(tmp_path, control, content):
    (tmp_path / "control.json").write_text(content)
    assert control.next_request() is None


def test_requests_from_many_at_once_are_all_kept(tmp_path, control):
    threads = [threading.Thread(target=runs.request, args=(tmp_path, f"a{n}")) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(actions(control)) == [f"a{n}" for n in range(8)]


@pytest.mark.parametrize("lr", [0, -1.0, float("nan"), float("inf"), "0.1"])
def test_a_rate_that_is_none_is_refused(tmp_path, lr):
    with pytest.raises(runs.RunError, match="over 0"):
        runs.set_learning_rate(tmp_path, lr)


def test_a_rate_for_a_run_that_is_not_under_way_is_refused(tmp_path):
    write_json_atomic(tmp_path / "status.json", {"state": "finished"})
    with pytest.raises(runs.RunError, match="not under way"):
        runs.set_learning_rate(tmp_path, 0.1)
