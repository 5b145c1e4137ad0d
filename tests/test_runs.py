import json
import subprocess
import sys
import time

import pytest

from playground import processes, runs
from playground.files import write_json_atomic


@pytest.fixture
def root(tmp_path):
    return tmp_path / "runs"


def make(root, name="a", **status):
    run = runs.create(root, name, "{}")
    write_json_atomic(run / "status.json", {"created": time.time(), **status})
    return run


@pytest.mark.parametrize("name", ["../../etc/x", "/abs", "..", ".hidden", "", "a/b", "naïve name", "x" * 500])
def test_a_name_can_not_leave_the_folder(root, name):
    run = runs.create(root, name, "{}")
    assert run.resolve().parent == root.resolve()
    assert not run.name.startswith(".")
    assert runs.find(root, run.name) == run


def test_a_taken_name_gets_a_number(root):
    assert [runs.create(root, "a", "{}").name for _ in range(3)] == ["a", "a-2", "a-3"]


@pytest.mark.parametrize("name", ["nope", "", "..", "../runs/a", "a/../a"])
def test_an_unknown_run_is_named(root, name):
    runs.create(root, "a", "{}")
    with pytest.raises(runs.RunError, match="no run named"):
        runs.find(root, name)


def test_states_that_need_no_process_are_believed(root):
    for state in ("finished", "failed", "stopped"):
        assert runs.status(make(root, state, state=state, reason="why"))["reason"] == "why"


def test_a_living_worker_is_told_from_a_dead_and_from_a_reused_id(root):
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    started = processes.start_time(child.pid)
    alive = make(root, "alive", state="running", pid=child.pid, start_time=started, step=7)
    reused = make(root, "reused", state="running", pid=child.pid, start_time="1", step=7)
    assert runs.status(alive)["state"] == "running"
    assert runs.status(reused)["state"] == "failed"
    (alive / "log.txt").write_text("…\nMemoryError: no room\n\n")
    child.communicate()
    dead = runs.status(alive)
    assert dead["state"] == "failed"
    assert "step 7" in dead["reason"]
    assert "MemoryError: no room" in dead["reason"]


def test_a_folder_without_a_readable_status_is_failed_not_a_crash(root):
    run = make(root)
    for content in ("", "{", "[]"):
        (run / "status.json").write_text(content)
        assert runs.status(run)["state"] == "failed"
    (run / "status.json").unlink()
    assert "status.json" in runs.status(run)["reason"]
    assert runs.list_runs(root) == [run]


def test_a_run_that_never_started_is_failed_after_a_while(root):
    run = make(root, state="queued", queued_at=time.time())
    assert runs.status(run)["state"] == "queued"
    write_json_atomic(
        run / "status.json", {"state": "queued", "queued_at": time.time() - 2 * runs.START_SECONDS}
    )
    assert runs.status(run)["state"] == "failed"


def test_a_run_that_trains_or_leaves_is_not_started_again(root, monkeypatch):
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    busy = make(root, "busy", state="running", pid=child.pid, start_time=processes.start_time(child.pid))
    with pytest.raises(runs.RunError, match="busy is training already"):
        runs.start(busy)
    write_json_atomic(busy / "status.json", {**runs.status(busy), "state": "stopped"})
    monkeypatch.setattr(runs.launch, "EXIT_SECONDS", 0.1)
    with pytest.raises(runs.RunError, match="has not ended yet"):
        runs.start(busy)
    write_json_atomic(busy / "status.json", {**runs.status(busy), "state": "running"})
    assert runs.active_run(root) == busy
    child.communicate()
    assert runs.active_run(root) is None


def test_a_worker_that_can_not_begin_says_why(root):
    """The real command on a config that is no config: it fails, and the reason is in its status."""
    run = make(root, "bad", state="queued")
    (run / "config.json").write_text('{"model": {"d_model": 7, "n_heads": 2}}')
    pid = runs.start(run)
    deadline = time.time() + 60
    while runs.status(run)["state"] in runs.ACTIVE and time.time() < deadline:
        time.sleep(0.1)
    while processes.start_time(pid) is not None and time.time() < deadline:
        time.sleep(0.05)
    assert runs.status(run)["state"] == "failed"
    assert "d_model (7)" in runs.status(run)["reason"]


def test_requests_are_written_for_the_worker(root):
    run = make(root, state="running")
    ids = []
    for action in (runs.stop, runs.pause):
        action(run)
        ids.append(json.loads((run / "control.json").read_text())["id"])
    assert json.loads((run / "control.json").read_text())["action"] == "pause"
    assert ids[0] != ids[1]


def test_the_newest_run_is_listed_first(root):
    old, new = make(root, "b", created=1, state="finished"), make(root, "a", created=2, state="finished")
    for run, created in ((old, 1), (new, 2)):
        write_json_atomic(run / "status.json", {"state": "finished", "created": created})
    assert runs.list_runs(root) == [new, old]
    assert runs.list_runs(root / "missing") == []


def test_only_whole_checkpoints_count(root):
    run = make(root, state="finished")
    for step, whole in ((50, True), (100, True), (150, False)):
        folder = runs.checkpoint_folder(run, step)
        folder.mkdir(parents=True)
        if whole:
            (folder / "state.json").write_text("{}")
    assert runs.checkpoints(run) == [50, 100]


def test_runs_needs_the_standard_library_alone():
    code = (
        "import sys; before = set(sys.modules); import playground.runs; "
        "new = {m.split('.')[0] for m in set(sys.modules) - before}; "
        "print(new - sys.stdlib_module_names - {'playground'})"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"
