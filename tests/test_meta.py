import pytest

from playground import runs
from playground.files import write_json_atomic


def test_what_is_said_of_a_run_never_touches_its_config(tmp_path):
    run = runs.create(tmp_path, "a", "{}")
    assert runs.read_meta(run) == runs.Meta()
    runs.change_meta(run, title="My <b>run</b>", pinned=True)
    assert runs.change_meta(run, note="x").title == "My <b>run</b>"
    assert runs.read_meta(run) == runs.Meta("My <b>run</b>", "x", pinned=True)
    assert (run / "config.json").read_text() == "{}"
    assert runs.find(tmp_path, "a") == run, "the folder's name stays"


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"title": "x" * 121}, "121 characters"), ({"pinned": 1}, "pinned"), ({"nothing": "x"}, "nothing")],
)
def test_a_change_that_can_not_be_is_named(tmp_path, changes, words):
    run = runs.create(tmp_path, "a", "{}")
    with pytest.raises(runs.RunError, match=words):
        runs.change_meta(run, **changes)
    assert runs.read_meta(run) == runs.Meta()


@pytest.mark.parametrize("found", [{"title": 3, "note": "kept"}, {"note": "kept", "other": 1}])
def test_a_file_of_another_kind_is_read_as_far_as_it_goes(tmp_path, found):
    run = runs.create(tmp_path, "a", "{}")
    write_json_atomic(run / "meta.json", found)
    assert runs.read_meta(run) == runs.Meta(note="kept")


def test_groups(tmp_path):
    a, b, c = (runs.create(tmp_path, name, "{}") for name in "abc")
    for run in (a, c):
        runs.change_meta(run, group="g")
    assert runs.group_runs(tmp_path, "g") == [a, c]
    assert runs.group_runs(tmp_path, "") == []
    assert b.is_dir()
