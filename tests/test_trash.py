import os

import pytest

from playground import processes, runs
from playground.files import write_json_atomic


def test_delete_and_undo(tmp_path):
    run = runs.create(tmp_path, "a", '{"x": 1}')
    token = runs.delete_run(run)
    assert runs.list_runs(tmp_path) == []
    assert [d.name for d in runs.deleted_runs(tmp_path)] == ["a"]
    assert runs.restore_run(tmp_path, token) == run
    assert (run / "config.json").read_text() == '{"x": 1}'
    assert runs.deleted_runs(tmp_path) == []
    with pytest.raises(runs.RunError, match="a is not in the trash"):
        runs.restore_run(tmp_path, token)


def test_a_name_that_was_taken_meanwhile_gets_a_number(tmp_path):
    token = runs.delete_run(runs.create(tmp_path, "a", "old"))
    new = runs.create(tmp_path, "a", "new")
    restored = runs.restore_run(tmp_path, token)
    assert restored.name == "a-2"
    assert ((restored / "config.json").read_text(), (new / "config.json").read_text()) == ("old", "new")


@pytest.mark.parametrize("token", ["", "..", "../a", "1~../../a", "~a", "1~a"])
def test_only_what_is_in_the_trash_comes_back(tmp_path, token):
    runs.create(tmp_path, "a", "{}")
    runs.delete_run(runs.create(tmp_path, "b", "{}"))
    with pytest.raises(runs.RunError, match="not in the trash"):
        runs.restore_run(tmp_path, token)


def test_a_run_under_way_stays_and_one_that_waits_leaves_the_queue(tmp_path):
    run = runs.create(tmp_path, "a", "{}")
    mine = {"state": "running", "pid": os.getpid(), "start_time": processes.start_time(os.getpid())}
    write_json_atomic(run / "status.json", mine)
    with pytest.raises(runs.RunError, match="a is under way"):
        runs.delete_run(run)
    waiting = runs.create(tmp_path, "b", "{}")
    assert runs.start(waiting) == 0
    token = runs.delete_run(waiting)
    assert runs.waiting_runs(tmp_path) == []
    assert runs.status(runs.restore_run(tmp_path, token))["state"] == "stopped"


def test_the_trash_is_emptied_on_request_and_after_some_days(tmp_path):
    for name in "ab":
        runs.delete_run(runs.create(tmp_path, name, "{}"))
    old = runs.deleted_runs(tmp_path)[0]
    long_ago = f"{int((old.deleted - 15 * 86_400) * 10**9)}~{old.name}"
    (tmp_path / ".trash" / old.token).rename(tmp_path / ".trash" / long_ago)
    runs.delete_run(runs.create(tmp_path, "c", "{}"))
    assert sorted(d.name for d in runs.deleted_runs(tmp_path)) == ["a", "c"]
    assert runs.empty_trash(tmp_path) == 2
    assert list((tmp_path / ".trash").iterdir()) == []
