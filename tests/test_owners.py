import io
import json

import pytest

from playground import runs
from playground.run_archive import export_run
from tests.small_runs import small_config

SECRET = "a secret of twenty characters or more"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run of the owner of SECRET."""
    owner = runs.owner_of_secret(SECRET)
    monkeypatch.setattr(runs.Asker, "ask", lambda: runs.Visitor(owner))
    return runs.create(tmp_path, "own", small_config().to_json())


def visitor(secret="", *keys):
    return runs.Visitor(runs.owner_of_secret(secret), frozenset(keys))


def test_the_secret_itself_is_nowhere(run):
    assert SECRET not in "".join(path.read_text() for path in run.rglob("*") if path.is_file())


@pytest.mark.parametrize("secret", ["", "short", "another secret of twenty characters", SECRET + " "])
def test_only_the_owner_may(run, secret):
    assert runs.may_change(run, visitor(SECRET))
    assert runs.may_see(run, visitor(SECRET))
    assert not runs.may_change(run, visitor(secret))
    assert not runs.may_see(run, visitor(secret))


def test_a_shared_run_is_seen_with_its_key_alone(run):
    key = runs.share_key(run)
    assert runs.share_key(run) == key
    assert runs.may_see(run, visitor("", "x", key))
    assert not runs.may_change(run, visitor("", key))
    assert not runs.may_see(run, visitor("", key[:-1], "", "\udc80ü"))
    runs.unshare(run)
    assert not runs.may_see(run, visitor("", key))
    assert runs.share_key(run) != key


def test_a_published_run_is_seen_by_all_and_changed_by_its_owner(run):
    runs.publish(run, True)
    assert runs.may_see(run, visitor())
    assert not runs.may_change(run, visitor("another secret of twenty characters"))
    runs.publish(run, False)
    assert not runs.may_see(run, visitor())


def test_a_run_without_an_owner_is_seen_by_all_and_changed_by_none(tmp_path):
    run = runs.create(tmp_path, "demo", "{}")
    assert runs.may_see(run, visitor())
    assert not runs.may_change(run, visitor())
    assert not runs.may_change(run, visitor(SECRET))


@pytest.mark.parametrize(
    "garbled", ["", "{", "[]", "{}", '{"owner": ""}', '{"owner": 3, "published": 1}', '{"key": ""}']
)
def test_a_garbled_note_of_the_owner_opens_nothing(run, garbled):
    (run / runs.OWNER_FILE).write_text(garbled)
    for who in (visitor(), visitor(SECRET), visitor("", "", "3")):
        assert not runs.may_see(run, who)
        assert not runs.may_change(run, who)


def test_deleted_and_back_it_is_still_its_owners(run):
    root = run.parent
    token = runs.delete_run(run)
    assert runs.may_change(runs.restore_run(root, token), visitor(SECRET))
    assert json.loads((run / runs.OWNER_FILE).read_text()).keys() == {"owner"}


CHANGES = {
    "stop": lambda run: runs.stop(run),
    "pause": lambda run: runs.pause(run),
    "resume": lambda run: runs.resume(run),
    "start": lambda run: runs.start(run),
    "cancel": lambda run: runs.cancel(run),
    "move_first": lambda run: runs.move_first(run),
    "request": lambda run: runs.request(run, "stop"),
    "set_learning_rate": lambda run: runs.set_learning_rate(run, 1e-3),
    "change_length": lambda run: runs.change_length(run, 10, 0),
    "change_meta": lambda run: runs.change_meta(run, title="mine"),
    "delete_run": lambda run: runs.delete_run(run),
    "share_key": lambda run: runs.share_key(run),
    "unshare": lambda run: runs.unshare(run),
    "publish": lambda run: runs.publish(run, True),
    "branch": lambda run: runs.branch(run, 0, "mine"),
    "export": lambda run: export_run(run, io.BytesIO()),
}


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("other", [visitor(), visitor("another secret of twenty characters")])
def test_whatever_changes_a_run_asks_whose_it_is(run, monkeypatch, name, other):
    runs.publish(run, True)
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    monkeypatch.setattr(runs.Asker, "ask", lambda: other)
    assert runs.find(run.parent, run.name) == run
    with pytest.raises(runs.RunError, match=r"not yours|not handed on"):
        CHANGES[name](run)
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


def test_what_a_visitor_finds(run, monkeypatch):
    root = run.parent
    monkeypatch.setattr(runs.Asker, "ask", runs.Visitor)
    assert runs.list_runs(root) == []
    with pytest.raises(runs.RunError, match="no run named"):
        runs.find(root, run.name)
    monkeypatch.setattr(runs.Asker, "ask", lambda: None)
    assert runs.list_runs(root) == [run]
