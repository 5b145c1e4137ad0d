import os
import threading

import pytest

from playground import processes, runs
from playground.files import read_json, write_json_atomic
from playground.runs import queue
from tests.small_runs import end, make_run, wait_for


@pytest.fixture
def root(tmp_path):
    return tmp_path / "runs"


@pytest.fixture
def begun(monkeypatch):
    """Let runs begin without a process of their own: this one stands in. Returns which did, in order."""
    begun = []

    def spawn(run, resume, ended):
        begun.append((run.name, resume))
        write_json_atomic(run / "status.json", {**read_json(run / "status.json"), **mine(), "queue": None})

    monkeypatch.setattr(queue, "spawn", spawn)
    return begun


def mine():
    return {"state": "running", "pid": os.getpid(), "start_time": processes.start_time(os.getpid())}


def make(root, *names):
    return [runs.create(root, name, "{}") for name in names]


def finish(run):
    write_json_atomic(
        run / "status.json", {**read_json(run / "status.json"), "state": "finished", "pid": None}
    )


def names(found):
    return [run.name for run in found]


def test_runs_begin_one_after_the_other(root, begun):
    a, b, c = make(root, "a", "b", "c")
    assert runs.start(a) == os.getpid()
    assert (runs.start(b), runs.start(c, resume=True)) == (0, 0)
    assert names(runs.waiting_runs(root)) == ["b", "c"]
    assert [runs.place(run) for run in (a, b, c)] == [0, 1, 2]
    assert runs.status(b)["state"] == "queued"
    assert runs.active_run(root) == a, "who waits is not under way"
    runs.advance(root)
    assert begun == [("a", False)], "there is no room yet"
    finish(a)
    runs.advance(root)
    runs.advance(root)
    assert begun == [("a", False), ("b", False)]
    assert runs.place(c) == 1
    finish(b)
    runs.advance(root)
    assert begun[-1] == ("c", True)


def test_who_comes_later_never_overtakes(root, begun):
    a, b, c = make(root, "a", "b", "c")
    runs.start(a)
    runs.start(b)
    finish(a)
    assert runs.start(c) == 0
    assert begun == [("a", False), ("b", False)]


def test_a_waiting_run_is_believed_however_long_it_takes(root, begun, monkeypatch):
    a, b = make(root, "a", "b")
    runs.start(a)
    runs.start(b)
    monkeypatch.setattr(runs.state, "START_SECONDS", -1)
    assert runs.status(b)["state"] == "queued"


def test_cancel_and_stop_take_a_run_out(root, begun):
    a, b, c = make(root, "a", "b", "c")
    for run in (a, b, c):
        runs.start(run)
    assert runs.cancel(b)
    assert not runs.cancel(b)
    runs.stop(c)
    assert not (c / "control.json").exists(), "there is no worker to ask"
    assert {runs.status(run)["state"] for run in (b, c)} == {"stopped"}
    finish(a)
    runs.advance(root)
    assert runs.waiting_runs(root) == []
    assert begun == [("a", False)]
    runs.start(b)
    assert begun[-1] == ("b", False), "it can be started again"


def test_what_can_not_be_asked_of_a_waiting_run(root, begun):
    a, b = make(root, "a", "b")
    runs.start(a)
    runs.start(b)
    for ask in (runs.start, runs.pause, runs.resume, lambda run: runs.set_learning_rate(run, 1e-3)):
        with pytest.raises(runs.RunError, match="b (waits|is not under way)"):
            ask(b)


def test_a_run_can_be_moved_to_the_front(root, begun):
    a, b, c, d = make(root, "a", "b", "c", "d")
    for run in (a, b, c, d):
        runs.start(run)
    runs.move_first(d)
    runs.move_first(c)
    assert names(runs.waiting_runs(root)) == ["c", "d", "b"]
    with pytest.raises(runs.RunError, match="does not wait"):
        runs.move_first(a)


def test_several_at_once(root, begun, monkeypatch):
    monkeypatch.setenv("PLAYGROUND_SLOTS", "2")
    a, b, c = make(root, "a", "b", "c")
    assert [bool(runs.start(run)) for run in (a, b, c)] == [True, True, False]
    monkeypatch.setenv("PLAYGROUND_SLOTS", "3")
    runs.advance(root)
    assert len(begun) == 3


@pytest.mark.parametrize("value", ["0", "-1", "two", "1.5"])
def test_a_number_of_slots_that_is_none_is_named(monkeypatch, value):
    monkeypatch.setenv("PLAYGROUND_SLOTS", value)
    with pytest.raises(runs.RunError, match=value):
        runs.slots()


def test_many_at_the_same_time_start_each_run_once(root, begun):
    a, *others = make(root, "a", "b", "c", "d", "e")
    runs.start(a)
    threads = [threading.Thread(target=runs.start, args=(run,)) for run in others]
    threads += [threading.Thread(target=runs.advance, args=(root,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(runs.place(run) for run in others) == [1, 2, 3, 4]
    finish(a)
    threads = [threading.Thread(target=runs.advance, args=(root,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(begun) == 2


def test_a_run_that_can_not_be_begun_is_as_it_was(root, monkeypatch):
    def spawn(run, resume, ended):
        raise OSError("no room")

    monkeypatch.setattr(queue, "spawn", spawn)
    (run,) = make(root, "a")
    before = read_json(run / "status.json")
    with pytest.raises(OSError, match="no room"):
        runs.start(run)
    assert read_json(run / "status.json") == before


def test_the_worker_that_ends_starts_the_next(root, monkeypatch):
    """Real processes: nobody else looks at the runs in between."""
    first, second = make_run(root, "first", steps=2), make_run(root, "second", steps=2)
    pid = runs.start(first)
    try:
        assert runs.start(second) == 0
        monkeypatch.setattr(queue, "advance", lambda root: None)
        wait_for(second, lambda s: s["state"] == "finished", 120)
        assert runs.status(first)["state"] == "finished"
    finally:
        end(pid)
        end(runs.status(second).get("pid") or 0)


def test_visitors_take_turns(root, begun, monkeypatch):
    """Of A with three runs, B with two and C with one, each has one before A has a second."""
    monkeypatch.setattr(queue, "slots", lambda: 0)
    for name in ("a1", "a2", "a3", "b1", "c1", "b2"):
        monkeypatch.setattr(runs.Asker, "ask", lambda owner=name[0]: runs.Visitor(owner))
        runs.start(*make(root, name))
    assert names(runs.waiting_runs(root)) == ["a1", "b1", "c1", "a2", "b2", "a3"]
    monkeypatch.setattr(queue, "slots", lambda: 1)
    runs.advance(root)
    assert begun == [("a1", False)]
    assert names(runs.waiting_runs(root)) == ["b1", "c1", "a2", "b2", "a3"]
    finish(root / "a1")
    assert names(runs.waiting_runs(root)) == ["a2", "b1", "c1", "a3", "b2"]
