"""The threat model of SECURITY.md, line by line, against the real server: what the page never sends."""

from __future__ import annotations

import ast
import http.client
import json
import re
import shutil
import urllib.parse
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from playground import runs
from playground.files import write_json_atomic
from playground.run_archive import ArchiveError, export_run, import_run
from playground.ui.monitor.component import UPLOT_JS
from tests.hand_made import Answer, Stranger
from tests.small_runs import TEXT, end, make_run, wait_for
from tests.test_app import App

OWNER, OTHER = "the owner's secret, long enough", "another's secret, long enough"
ROOT = Path(__file__).parent.parent
TOKEN = "hf_ThisIsASecretThatMustNotGetOut"
HOSTILE = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>\'"&'
OWN_WORDS = "zebras hide here"
SETTINGS = {
    "PLAYGROUND_PUBLIC": "1",
    "PLAYGROUND_UPLOAD_MEGABYTES": "1",
    "PLAYGROUND_TEXT_CHARACTERS": "200000",
    "PLAYGROUND_STEPS": "40",
    "HF_TOKEN": TOKEN,
}
READERS = ("inspect_scores", "inspect_example", "inspect_counted", "inspect_attention", "inspect_lens")


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SETTINGS.items():
            patch.setenv(name, value)
        folder = tmp_path_factory.mktemp("security")
        patch.setenv("GRADIO_TEMP_DIR", str(folder / "uploads"))
        app = App(folder / "runs")
        shutil.copytree(ROOT / "checkpoints" / "demo", app.runs / "demo")
        app.start()
    yield app
    app.stop()
    for run in runs.list_runs(app.runs):
        status = runs.status(run)
        if status["state"] in runs.ACTIVE and status.get("pid"):
            end(status["pid"])
    assert TOKEN not in (folder / "app.log").read_text()


@pytest.fixture(scope="module")
def own(app):
    """A finished run of OWNER's on a text of their own, with hostile words wherever a person can put some."""
    run = make_run(app.runs, "secret-run", text=f"{OWN_WORDS} {TEXT}", steps=40)
    write_json_atomic(run / runs.OWNER_FILE, {"owner": runs.owner_of_secret(OWNER)})
    shutil.copytree(app.runs / "demo" / "tokenizer", run / "tokenizer")
    shutil.copytree(app.runs / "demo" / "checkpoints", run / "checkpoints")
    (run / "tokens").mkdir()
    write_json_atomic(run / "status.json", {"state": "failed", "step": 20, "total_steps": 40, "created": 1.0,
                                            "reason": HOSTILE})  # fmt: skip
    write_json_atomic(run / runs.META_FILE, {"title": HOSTILE, "note": HOSTILE})
    (run / "metrics.jsonl").write_text('{"step": 1, "train_loss": 2.0}\n{"step": 20, "train_loss": 1.0}\n')
    sample = {"step": 20, "prompt": HOSTILE, "completion": HOSTILE, "settings": {}}
    (run / "samples.jsonl").write_text(json.dumps(sample) + "\n")
    return run


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


def test_3_text_is_drawn_as_text(browser, app, own):
    runs.publish(own, True)
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    page = context.new_page()
    try:
        page.goto(app.url + f"?run={own.name}&prompt={urllib.parse.quote(HOSTILE)}")
        page.get_by_test_id("monitor-samples").locator("article").first.wait_for(timeout=30_000)
        for tab in ("Tokenize", "Data", "Runs", "Sample", "Inspect"):
            page.get_by_role("tab", name=tab).click()
            page.wait_for_timeout(700)
            if tab == "Runs":
                page.locator(f"#run-book li[data-run={own.name}] .pg-book-more").click()
                assert HOSTILE in page.locator("#run-book").inner_text()
        page.get_by_role("tab", name="Sample").click()
        page.locator("#prompt textarea").fill(HOSTILE)
        page.get_by_role("button", name="Generate", exact=True).click()
        page.wait_for_timeout(2500)
        assert page.evaluate("window.pwned") is None
        assert page.locator("img[src=x]").count() == 0
    finally:
        context.close()
        runs.publish(own, False)


def test_3_a_policy_stands_in_every_answer(app):
    for path in ("/", "/config", "/nothing", "/gradio_api/file=/etc/passwd"):
        found = Stranger(app.url).get(path).headers
        assert "default-src 'self'" in found["content-security-policy"]
        assert found["x-content-type-options"] == "nosniff"
        assert found["referrer-policy"] == "same-origin"


FORBIDDEN = {"pickle", "cPickle", "dill", "marshal", "shelve", "joblib", "cloudpickle"}


@pytest.mark.parametrize("path", sorted((ROOT / "playground").rglob("*.py")), ids=lambda p: p.name)
def test_4_no_stranger_s_code_is_run(path):
    for found in ast.walk(ast.parse(path.read_text())):
        if isinstance(found, (ast.Import, ast.ImportFrom)):
            names = {alias.name for alias in found.names} | {getattr(found, "module", "") or ""}
            assert not {name.split(".")[0] for name in names} & FORBIDDEN
        if not isinstance(found, ast.Call):
            continue
        called = ast.unparse(found.func)
        assert called not in ("eval", "exec", "os.system", "os.popen", "torch.load", "compile")
        given_ = {word.arg: ast.unparse(word.value) for word in found.keywords}
        assert given_.get("shell", "False") == "False"
        assert given_.get("allow_pickle", "False") == "False"
        assert given_.get("trust_remote_code", "False") == "False"


def test_5_secrets_stay_where_they_are(app, own, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    run = make_run(app.runs, "trained-with-a-token", steps=1)
    pid = runs.start(run)
    try:
        wait_for(run, lambda status: status["state"] not in runs.ACTIVE)
    finally:
        end(pid)
    asks = Stranger(app.url, OWNER)
    asks.server("run-book", "act", {"action": "change", "run": own.name, "pinned": True})
    written = b"".join(path.read_bytes() for path in app.runs.rglob("*") if path.is_file())
    assert TOKEN.encode() not in written
    assert OWNER.encode() not in written
    for path in ("/", "/config"):
        assert TOKEN not in asks.get(path).body
    shutil.rmtree(run)


def test_6_only_what_is_meant_is_handed_out(app, own):
    asks = Stranger(app.url, OTHER)
    for path in (
        own / "config.json", own / "log.txt", app.runs / "demo" / "config.json", ROOT / "app.py",
        ROOT / "playground" / "limits.py", "/etc/passwd", "/proc/self/environ", "../../../../etc/passwd",
        f"{own}/../demo/config.json", "http://127.0.0.1:1/x", "file:///etc/passwd",
    ):  # fmt: skip
        for quoted in (str(path), urllib.parse.quote(str(path), safe="")):
            answer = asks.get(f"/gradio_api/file={quoted}")
            assert answer.status in (400, 403, 404), (path, answer.status)
            assert "root:" not in answer.body
    assert asks.get(f"/gradio_api/file={UPLOT_JS}").status == 200


CLOSED = [
    "/gradio_api/info", "/gradio_api/openapi.json", "/gradio_api/call/predict", "/gradio_api/call/v2/x",
    "/gradio_api/api/predict", "/gradio_api/run/_launch", "/gradio_api/proxy=http://127.0.0.1/",
    "/monitoring", "/monitoring/summary", "/gradio_api/deep_link", "/gradio_api/runs",
    "/gradio_api/dev/reload", "/docs", "/gradio_api/run-history/buckets", "/gradio_api/mcp",
    "/gradio_api/stream/x/y/z/playlist.m3u8", "/gradio_api/vibe-edit/", "/gradio_api/process_recording",
    "/openapi.json", "/../etc/passwd",
]  # fmt: skip


@pytest.mark.parametrize("path", CLOSED)
def test_7_other_addresses_are_closed(app, path):
    asks = Stranger(app.url)
    for method in ("GET", "POST"):
        assert asks.ask(method, path, b"" if method == "POST" else None).status == 404


def test_7_requests_of_another_site_s_page_are_refused(app):
    asks = Stranger(app.url, OWNER)
    for path in ("/gradio_api/component_server/", "/gradio_api/queue/join", "/gradio_api/upload"):
        assert asks.ask("POST", path, b"{}", sec_fetch_site="cross-site").status == 403


def sent_in_chunks(app: App, path: str, head: bytes, kind: str, megabytes: int) -> int:
    """Send a body without saying how long it is; return the status, 0 if the server has hung up before."""
    parts = urllib.parse.urlsplit(app.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    connection.putrequest("POST", path)
    connection.putheader("transfer-encoding", "chunked")
    connection.putheader("content-type", kind)
    connection.endheaders()
    chunk = b"a" * 10**6
    try:
        for part in (head, *[chunk] * megabytes, b""):
            connection.send(b"%x\r\n%s\r\n" % (len(part), part))
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def memory(app: App) -> int:
    """Return the most bytes that the app has held so far."""
    status = Path(f"/proc/{app.process.pid}/status").read_text()
    return 1024 * int(re.search(r"VmHWM:\s+(\d+)", status)[1])


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_8_too_much_is_cut_off_while_it_is_read(app):
    asks, before = Stranger(app.url), memory(app)
    head = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n'
    multipart = "multipart/form-data; boundary=b"
    assert sent_in_chunks(app, "/gradio_api/upload", head, multipart, 200) in (0, 400, 413)
    kept = [path for path in (app.runs.parent / "uploads").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in kept) < 3 * 10**6
    for path in ("component_server/", "queue/join", "run/predict"):
        sent = sent_in_chunks(app, f"/gradio_api/{path}", b'{"data": "', "application/json", 200)
        assert sent in (0, 400, 413)
    assert memory(app) - before < 60 * 10**6
    declared = asks.ask("POST", "/gradio_api/queue/join", b"", content_length="999999999")
    assert (declared.status, "the most that is taken" in declared.body) == (413, True)


def test_9_another_s_run_is_neither_seen_nor_changed(app, own):
    owner, other, nobody = Stranger(app.url, OWNER), Stranger(app.url, OTHER), Stranger(app.url)
    assert own.name in owner.server("run-book", "book", {}).json["names"]
    for asks in (other, nobody):
        assert own.name not in asks.server("run-book", "book", {}).json["names"]
        assert own.name not in str(asks.server("monitor", "run_list", {}).json)
        assert own.name not in str(asks.server("inspector", "inspect_runs", {"run": own.name}).json)
        assert asks.server("run-book", "compare", {"runs": [own.name]}).json["rows"] == []
        assert own.name not in asks.server("monitor", "curve_csv", {"runs": [own.name]}).json["csv"]
        assert asks.server("monitor", "completions", {"run": own.name, "steps": [20]}).json["samples"] == []


def is_refused(answer: Answer) -> bool:
    """Tell whether a handler, or Gradio before it (for it is not among the choices), refused."""
    return answer.status >= 400 or "pg-error" in answer.body


CHANGES = [
    {"action": "change", "title": "mine"}, {"action": "start"}, {"action": "stop"}, {"action": "cancel"},
    {"action": "first"},
]  # fmt: skip


@pytest.mark.parametrize("published", [False, True])
def test_9_only_the_owner_changes_a_run(app, own, published):
    runs.publish(own, published)
    before = {path: path.read_bytes() for path in own.rglob("*.json")}
    for asks in (Stranger(app.url, OTHER), Stranger(app.url), Stranger(app.url, "short")):
        for request in CHANGES:
            error = asks.server("run-book", "act", {**request, "run": own.name}).json["error"]
            assert ("not yours" if published else "no run named") in error
        assert "error" in asks.server("run-book", "act", {"action": "delete", "runs": [own.name]}).json
        for elem_id, data in (("stop", [own.name]), ("pause", [own.name]), ("set-rate", [own.name, 1.0]),
                              ("train-on", [own.name, 10**6]), ("branch", [own.name, "20", 1.0]),
                              ("share", [own.name]), ("unshare", [own.name])):  # fmt: skip
            assert is_refused(asks.press(elem_id, "click", data)), elem_id
        assert is_refused(asks.press("publish", "input", [own.name, True]))
    runs.publish(own, False)
    assert {path: path.read_bytes() for path in before if path.name != runs.OWNER_FILE} == {
        path: content for path, content in before.items() if path.name != runs.OWNER_FILE
    }
    assert runs.is_own(own)


def test_9_the_trash_is_one_s_own(app):
    owner, other = Stranger(app.url, OWNER), Stranger(app.url, OTHER)
    run = make_run(app.runs, "to-delete")
    write_json_atomic(run / runs.OWNER_FILE, {"owner": runs.owner_of_secret(OWNER)})
    (token,) = owner.server("run-book", "act", {"action": "delete", "runs": [run.name]}).json["tokens"]
    assert other.server("run-book", "book", {}).json["deleted"] == []
    assert "error" in other.server("run-book", "act", {"action": "restore", "tokens": [token]}).json
    assert other.server("run-book", "act", {"action": "empty"}).json["said"].startswith("0 ")
    assert owner.server("run-book", "act", {"action": "restore", "tokens": [token]}).json["said"]
    shutil.rmtree(run)


def test_10_a_text_does_not_reach_another(app, own):
    runs.publish(own, True)
    other = Stranger(app.url, OTHER)
    try:
        for request in (
            {"action": "download", "run": own.name},
            {"action": "repeat", "run": own.name},
            {"action": "branch", "run": own.name, "step": 20, "until": 30},
            {"action": "sweep", "base": f"run:{own.name}", "vary": [["lr", "1e-3"]]},
            {"action": "sweep", "base": "preset:tiny", "vary": [["text_file", str(own / "text.txt")]]},
            {"action": "sweep", "base": "preset:tiny", "vary": [["corpus", "text"]]},
        ):
            answer = other.server("run-book", "act", request).body
            assert OWN_WORDS not in answer
            assert str(app.runs) not in answer
            assert "error" in answer or request["action"] == "repeat"
        assert OWN_WORDS not in other.press("run-book", "submit", [None], {"run": own.name}).body
        for function in ("inspect_example", "inspect_counted"):
            answer = other.server("inspector", function, {"run": own.name, "text": "a"}).body
            assert OWN_WORDS not in answer
        assert runs.list_runs(app.runs) == [r for r in runs.list_runs(app.runs) if "sweep" not in r.name]
    finally:
        runs.publish(own, False)


def test_10_a_name_that_is_used_again_does_not_bring_back_a_model(tmp_path, monkeypatch):
    from playground.ui.models_in_memory import model_at

    monkeypatch.setenv("PLAYGROUND_RUNS", str(tmp_path))
    shutil.copytree(ROOT / "checkpoints" / "demo", tmp_path / "same")
    first = model_at("same")
    assert model_at("same") is first
    shutil.rmtree(tmp_path / "same")
    shutil.copytree(ROOT / "checkpoints" / "demo", tmp_path / "same")
    status = json.loads((tmp_path / "same" / "status.json").read_text())
    write_json_atomic(tmp_path / "same" / "status.json", {**status, "created": 5.0})
    assert model_at("same") is not first


VARY = [
    ["steps", "41"], ["n_layers", "1000"], ["batch_size", "1000000"], ["processes", "2"],
    ["check_memory", "no"],
]  # fmt: skip


@pytest.mark.parametrize("vary", VARY, ids=lambda vary: vary[0])
def test_11_more_than_one_s_share_is_refused(app, vary):
    before = runs.list_runs(app.runs)
    request = {"action": "sweep", "base": "preset:tiny", "vary": [vary]}
    steps = {} if vary[0] == "steps" else {"steps": 40}
    answer = Stranger(app.url, OTHER).server("run-book", "act", {**request, **steps}).json
    assert " here" in answer["error"]
    assert runs.list_runs(app.runs) == before


def test_12_who_can_be_guessed_owns_nothing(app, own):
    for secret in ("", "a", "a" * 19):
        assert runs.owner_of_secret(secret) == ""
    asks = Stranger(app.url, "a" * 19)
    request = {"action": "sweep", "base": "preset:tiny", "steps": 1, "vary": [["lr", "1e-3"]]}
    answer = asks.server("run-book", "act", request).json
    assert "Who you are is not known" in answer["error"]
    for keys in ("", ",", "x", runs.share_key(own)[:-1], "*"):
        assert own.name not in Stranger(app.url, OTHER, keys).server("run-book", "book", {}).json["names"]
    assert (
        own.name in Stranger(app.url, OTHER, runs.share_key(own)).server("run-book", "book", {}).json["names"]
    )


def test_every_line_of_the_threat_model_has_its_test():
    lines = re.findall(r"^(\d+)\. \*\*", (ROOT / "SECURITY.md").read_text(), re.M)
    here = set(re.findall(r"^def test_(\d+)_", Path(__file__).read_text(), re.M))
    assert lines == [str(n + 1) for n in range(len(lines))]
    assert set(lines) == here
