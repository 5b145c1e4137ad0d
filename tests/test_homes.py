"""Where runs live when they may not live beside the app."""

import os
import stat
import sys

import pytest

from playground import runs
from playground.runs import homes


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A copy of the app's folder with a demo run that can only be read."""
    project = tmp_path / "app"
    weights = project / "checkpoints" / "demo" / "checkpoints" / "step-000010"
    weights.mkdir(parents=True)
    (project / "checkpoints" / "demo" / "config.json").write_text("{}")
    (weights / "state.json").write_text("{}")
    monkeypatch.setattr(homes, "PROJECT", project)
    for name in ("PLAYGROUND_RUNS", "SPACE_ID", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    return project


@pytest.fixture
def read_only(project, monkeypatch):
    """The system says that nothing in the app's folder can be written, as root is never told."""
    real = os.access
    inside = str(project)
    monkeypatch.setattr(
        os, "access", lambda path, mode: not str(path).startswith(inside) and real(path, mode)
    )
    return project


def test_runs_live_beside_the_app(project):
    assert homes.runs_root() == project / "checkpoints"
    assert not homes.comes_with_demo()


def test_a_folder_that_was_named_comes_first(project, tmp_path, monkeypatch):
    monkeypatch.setenv("PLAYGROUND_RUNS", str(tmp_path / "volume"))
    assert homes.runs_root() == tmp_path / "volume"
    assert not homes.comes_with_demo()


def test_beside_code_that_is_read_only_runs_live_in_the_users_data(read_only, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert homes.runs_root() == tmp_path / "data" / "transformer-playground" / "runs"
    assert homes.comes_with_demo()


@pytest.mark.skipif(sys.platform == "win32", reason="user ids are of other systems")
def test_a_user_without_a_home_has_a_temporary_folder_of_its_own(read_only, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(read_only / "home"))
    root = homes.runs_root()
    assert str(os.getuid()) in root.parent.name
    assert root.name == "runs"


def test_the_demo_is_brought_whole_and_can_be_changed_there(read_only, tmp_path):
    for path in (read_only, *read_only.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    root = tmp_path / "volume"
    homes.bring_demo(root)
    assert runs.checkpoints(root / "demo") == [10]
    assert [path.name for path in root.iterdir()] == ["demo"]
    for path in root.rglob("*"):
        assert path.stat().st_mode & stat.S_IWUSR, path
    for path in (read_only, *read_only.rglob("*")):  # so that the test's folder can be cleared away
        path.chmod(0o755)


def test_a_demo_that_is_there_is_left_alone(project, tmp_path):
    mine = tmp_path / "volume" / "demo"
    mine.mkdir(parents=True)
    (mine / "config.json").write_text('{"preset": "mine"}')
    homes.bring_demo(tmp_path / "volume")
    assert (mine / "config.json").read_text() == '{"preset": "mine"}'


def test_only_a_space_without_a_volume_forgets(project, tmp_path, monkeypatch):
    assert not homes.forgets_runs()
    monkeypatch.setenv("SPACE_ID", "someone/playground")
    assert homes.forgets_runs()
    assert homes.comes_with_demo()
    monkeypatch.setenv("PLAYGROUND_RUNS", str(tmp_path / "volume"))
    assert not homes.forgets_runs()
    assert homes.comes_with_demo()
