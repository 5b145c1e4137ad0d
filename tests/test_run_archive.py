import hashlib
import io
import json
import os
import stat
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground import processes, run_archive, runs
from playground.files import read_json, write_json_atomic
from playground.run_archive import ArchiveError, export_run, import_run
from tests.small_runs import make_run, small_config

STATE = b'{"step": 30}'


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run folder with a file of every kind, and some that don't travel."""
    run = make_run(tmp_path_factory.mktemp("from"), "mine", steps=30)
    files = {
        "metrics.jsonl": b'{"step": 1, "train_loss": 2.5}\n' * 500, "samples.jsonl": b"{}\n", "log.txt": b"x",
        "tokenizer/tokenizer.json": b"{}", "tokens/train.npy": b"\x93NUMPY", "tokens/val.starts.npy": b"",
        "checkpoints/step-000030/model.safetensors": bytes(range(256)) * 99,
        "checkpoints/step-000030/state.json": STATE, "exit.json": b"{}",
        "control.json": b"{}", ".reserve": b"0",
    }  # fmt: skip
    for name, content in files.items():
        (run / name).parent.mkdir(parents=True, exist_ok=True)
        (run / name).write_bytes(content)
    status = {"state": "finished", "step": 30, "best": 30, "best_val_loss": 1.5, "pid": 1, "start_time": "1"}
    write_json_atomic(run / "status.json", status)
    runs.change_meta(run, title="Mine", note="n", group="g", pinned=True)
    return run


@pytest.fixture(scope="module")
def packed(run):
    out = io.BytesIO()
    export_run(run, out)
    return out.getvalue()


def contents(packed):
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def repack(files, *, honest=True, compression=zipfile.ZIP_DEFLATED):
    """Zip some files; honest: with a manifest that fits them, as anybody can make one."""
    files = {name: data for name, data in files.items() if not honest or name != "manifest.json"}
    if honest:
        entries = {n: {"bytes": len(d), "sha256": hashlib.sha256(d).hexdigest()} for n, d in files.items()}
        manifest = {"format": run_archive.FORMAT, "version": 1, "name": "x", "files": entries}
        files = {**files, "manifest.json": json.dumps(manifest).encode()}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def refused(packed, root, words):
    with pytest.raises(ArchiveError) as error:
        import_run(io.BytesIO(packed), root)
    assert words in str(error.value), error.value
    assert "\n" not in str(error.value)
    assert all(path.name == ".importing" for path in root.rglob("*")), "nothing is left behind"


def test_there_and_back(run, packed, tmp_path):
    again = import_run(io.BytesIO(packed), tmp_path)
    assert again.name == "mine"
    assert runs.list_runs(tmp_path) == [again]
    for name in ("config.json", "text.txt", "metrics.jsonl", "checkpoints/step-000030/model.safetensors"):
        assert (again / name).read_bytes() == (run / name).read_bytes()
    assert not {"exit.json", "control.json", ".reserve"} & set(os.listdir(again))
    status = runs.status(again)
    assert (status["state"], status["best_val_loss"], status.get("pid")) == ("finished", 1.5, None)
    assert runs.read_meta(again) == runs.Meta(title="Mine", note="n"), "groups and pins are one's own"
    assert import_run(io.BytesIO(packed), tmp_path).name == "mine-2"
    assert runs.checkpoints(again) == [30]


def test_a_run_under_way_is_not_packed(tmp_path):
    run = make_run(tmp_path)
    mine = {"state": "running", "pid": os.getpid(), "start_time": processes.start_time(os.getpid())}
    write_json_atomic(run / "status.json", mine)
    with pytest.raises(ArchiveError, match="small is running"):
        export_run(run, io.BytesIO())
    write_json_atomic(run / "status.json", {**mine, "state": "paused"})
    out = io.BytesIO()
    export_run(run, out)
    assert runs.status(import_run(out, tmp_path / "to"))["state"] == "stopped"


@pytest.mark.parametrize("name", ["/etc/passwd", "../text.txt", "text/../../x", "data/text.txt"])
def test_a_text_outside_of_the_run_neither_leaves_nor_enters(packed, tmp_path, name):
    config = json.loads(small_config().to_json())
    config["data"]["text_file"] = name
    run = runs.create(tmp_path / "from", "a", json.dumps(config))
    with pytest.raises(ArchiveError, match="outside of its folder"):
        export_run(run, io.BytesIO())
    files = {**contents(packed), "config.json": json.dumps(config).encode()}
    refused(repack(files), tmp_path / "to", "outside of its folder")


@pytest.mark.parametrize(
    "name",
    [
        "../evil.json", "/abs.json", "..\\evil.json", "C:\\x.json", "a/../../b.json", "text/../x", "text/.x",
        "checkpoints/step-000030/../../x.json", "checkpoints/step-000030/model.pt", "tokenizer/x.py",
        "model.pkl", ".lock", "control.json", "exit.json", "tokens/train.npy/x", "status.json\n", "текст.txt",
        "checkpoints/step-٣٣٣٣٣٣/state.json", "tokenizer/", "config.json/x", "manifest.json/x",
    ],
)  # fmt: skip
def test_only_files_that_a_run_has_come_in(packed, tmp_path, name):
    refused(repack({**contents(packed), name: b"{}"}), tmp_path / "to", "no file of a run")
    assert [path.name for path in tmp_path.iterdir()] == ["to"]


def test_a_link_is_no_file_of_a_run(packed, tmp_path):
    out = io.BytesIO(repack({**contents(packed), "log.txt": b"/etc/passwd"}))
    with zipfile.ZipFile(out) as archive:
        infos = [(info, archive.read(info)) for info in archive.infolist()]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for info, data in infos:
            if info.filename == "log.txt":
                info.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(info, data)
    refused(out.getvalue(), tmp_path / "to", "no file of a run")


def test_altered_added_and_missing_files_are_refused(packed, tmp_path):
    files = contents(packed)
    altered = {**files, "checkpoints/step-000030/state.json": STATE.replace(b"3", b"4")}
    refused(repack(altered, honest=False), tmp_path, "is not what was packed")
    longer = {**files, "log.txt": b"xx"}
    refused(repack(longer, honest=False), tmp_path, "another size")
    refused(repack({**files, "baselines.json": b"{}"}, honest=False), tmp_path, "not those")
    del files["log.txt"]
    refused(repack(files, honest=False), tmp_path, "not those")
    del files["config.json"]
    refused(repack(files), tmp_path, "config.json")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_comes_twice_is_refused(packed, tmp_path):
    out = io.BytesIO(packed)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("log.txt", b"x")
    refused(out.getvalue(), tmp_path, "not those")


def test_a_file_named_as_a_folder_is_refused(packed, tmp_path):
    files = {**contents(packed), "text/a": b"x", "text/a/b": b"x"}
    refused(repack(files), tmp_path, "damaged")


def test_bombs_are_refused_before_they_are_unpacked_and_while(packed, tmp_path, monkeypatch):
    files = {**contents(packed), "metrics.jsonl": bytes(1 << 22)}
    bomb = repack(files)
    monkeypatch.setattr(run_archive, "MAX_BYTES", 1 << 21)
    refused(bomb, tmp_path, "no room")
    monkeypatch.undo()
    small = json.loads(contents(repack({**files, "metrics.jsonl": bytes(100)}))["manifest.json"])
    lying = repack({**files, "manifest.json": json.dumps(small).encode()}, honest=False)
    declared = (1 << 22).to_bytes(4, "little")
    assert lying.count(declared) == 2, "in the file's own header and in the directory"
    refused(lying.replace(declared, (100).to_bytes(4, "little")), tmp_path, "damaged")


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_ways_to_pack_are_refused(packed, tmp_path, compression):
    refused(repack(contents(packed), compression=compression), tmp_path, "not read here")


@pytest.mark.parametrize(
    "manifest",
    [
        b"", b"[]", b"{}", b"{" * 100_000, b"\xff", b'{"format": "transformer-playground-run", "files": {}}',
        b'{"format": "transformer-playground-run", "version": 2, "files": {}, "name": ""}',
        b'{"format": "transformer-playground-run", "version": 1, "files": {"config.json": 1}, "name": ""}',
        b'{"format": "transformer-playground-run", "version": 1, "files": {}, "name": 3}',
    ],
)  # fmt: skip
def test_a_garbled_manifest_is_refused(packed, tmp_path, manifest):
    refused(repack({**contents(packed), "manifest.json": manifest}, honest=False), tmp_path, "archive")


@pytest.mark.parametrize("config", [b"", b"[]", b'{"model": {"d_model": -1}}', b"\xff\xfe", b"[" * 100_000])
def test_a_config_that_can_not_be_is_refused(packed, tmp_path, config):
    refused(repack({**contents(packed), "config.json": config}), tmp_path, "")


def test_a_status_of_a_stranger_starts_nothing(packed, tmp_path):
    for status in (
        {"state": "running", "pid": os.getpid(), "start_time": processes.start_time(os.getpid())},
        {"state": "queued", "queue": {"position": -1, "resume": False}},
        {"state": ["x"], "step": "x", "latest": "../../x", "reason": 3, "crossings": "x"},
    ):
        files = {**contents(packed), "status.json": json.dumps(status).encode()}
        run = import_run(io.BytesIO(repack(files)), tmp_path)
        assert runs.status(run)["state"] == "stopped"
        assert runs.active_run(tmp_path) is None
        assert runs.waiting_runs(tmp_path) == []
        left = read_json(run / "status.json")
        assert "latest" not in left
        assert left["crossings"] == []


@pytest.mark.parametrize("name", ["../../x", "/abs", "..", "", ".hidden", "a/b"])
def test_the_name_of_a_stranger_stays_among_the_runs(packed, tmp_path, name):
    files = contents(packed)
    manifest = {**json.loads(files["manifest.json"]), "name": name}
    files["manifest.json"] = json.dumps(manifest).encode()
    run = import_run(io.BytesIO(repack(files, honest=False)), tmp_path / "runs")
    assert run.parent == tmp_path / "runs"
    assert not run.name.startswith(".")


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_bytes_changed_anywhere_never_get_through(packed, tmp_path_factory, data):
    """A changed byte is refused in one sentence, or was of no weight: what comes in is what was packed."""
    place = data.draw(st.integers(0, len(packed) - 1))
    value = data.draw(st.integers(0, 255))
    cut = data.draw(st.one_of(st.none(), st.integers(0, len(packed))))
    bent = bytearray(packed)
    bent[place] = value
    root = tmp_path_factory.mktemp("bent")
    try:
        run = import_run(io.BytesIO(bytes(bent[:cut])), root)
    except ArchiveError:
        return
    for name, content in contents(packed).items():
        if name not in ("manifest.json", "status.json", "meta.json"):
            assert (run / name).read_bytes() == content


@settings(max_examples=60, deadline=None)
@given(noise=st.binary(max_size=400))
def test_noise_is_no_archive(noise, tmp_path_factory):
    with pytest.raises(ArchiveError):
        import_run(io.BytesIO(noise), tmp_path_factory.mktemp("noise"))
