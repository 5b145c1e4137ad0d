"""Threats 1 and 2: names, and archives, that reach beyond their folder."""

from __future__ import annotations

import json
import shutil
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from playground import runs
from playground.run_archive import ArchiveError, export_run, import_run
from tests.hand_made import Stranger
from tests.security import OTHER, OWNER

NAMES = [
    "", ".", "..", "../runs/demo", "demo/", "/etc", "demo/../demo", "..\\demo", "demo\0", ".trash",
    ".prepared", "a" * 5000, "%2e%2e", "demo\n", "CON", "~root", "${HOME}", "\ud800",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_1_names_do_not_leave_the_folder_of_runs(app, name):
    asks = Stranger(app.url, OTHER)
    for action in ("change", "cancel", "first", "start", "stop", "branch", "repeat", "download"):
        assert "no run named" in asks.server("run-book", "act", {"action": action, "run": name}).json["error"]
    answer = asks.server("monitor", "poll", {"runs": [{"run": name}]}).json["runs"][0]
    assert "no run named" in answer["error"]
    for function in (
        "inspect_scores",
        "inspect_example",
        "inspect_counted",
        "inspect_attention",
        "inspect_lens",
    ):
        assert "no run named" in asks.server("inspector", function, {"run": name, "text": "a"}).json["error"]
    assert asks.server("run-book", "act", {"action": "restore", "tokens": [name]}).json["error"]


@given(name=st.text(max_size=80))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_1_a_new_run_lies_among_the_runs(tmp_path_factory, name):
    root = tmp_path_factory.getbasetemp() / "any-names"
    run = runs.create(root, name, "{}")
    assert run.parent == root
    assert runs.find(root, run.name) == run
    shutil.rmtree(root)


@pytest.mark.parametrize("name", ["../x", "/tmp/x", "tokens/../../x", "config.json/", "a.pkl", "owner.json"])
def test_2_an_archive_unpacks_within_its_run(app, own, tmp_path, name):
    export_run(own, tmp_path / "run.zip")
    with zipfile.ZipFile(tmp_path / "run.zip") as archive:
        manifest = json.loads(archive.read("manifest.json"))
        files = {info.filename: archive.read(info) for info in archive.infolist()}
    files[name] = b"x"
    manifest["files"][name] = {
        "bytes": 1,
        "sha256": "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881",
    }
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        for each, content in {**files, "manifest.json": json.dumps(manifest).encode()}.items():
            archive.writestr(each, content)
    with pytest.raises(ArchiveError):
        import_run(tmp_path / "bad.zip", tmp_path / "runs")
    assert runs.list_runs(tmp_path / "runs") == []


def test_2_an_owner_does_not_travel(own, tmp_path):
    export_run(own, tmp_path / "run.zip")
    with zipfile.ZipFile(tmp_path / "run.zip") as archive:
        assert runs.OWNER_FILE not in archive.namelist()
        everything = b"".join(archive.read(info) for info in archive.infolist())
    assert runs.owner_of_secret(OWNER).encode() not in everything
