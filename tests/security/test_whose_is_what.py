"""Threats 9, 10 and 12: another's runs, another's words, another's name."""

from __future__ import annotations

import json
import shutil

import pytest

from playground import runs
from playground.files import write_json_atomic
from tests.app_process import ROOT
from tests.hand_made import Answer, Stranger
from tests.security import OTHER, OWN_WORDS, OWNER
from tests.small_runs import make_run


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
