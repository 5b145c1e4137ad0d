"""The panel that evaluates and exports: what it says, and in a real browser."""

import json
import zipfile

import pytest
from playwright.sync_api import expect

from playground.evaluation import read_evaluations
from playground.ui.evaluating.child import ChildError, follow
from playground.ui.evaluating.panel import QUESTIONS, TEXT, evaluate, export, push_to_hub
from playground.ui.evaluating.results_view import answers_html, figures_html, history_html
from playground.ui.messages import is_error
from tests.app_process import App, open_page, running
from tests.kept_runs import char_run
from tests.test_evaluation import records

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("PLAYGROUND_RUNS", str(tmp_path / "runs"))
    char_run(tmp_path / "runs", "before", n_ctx=128)
    char_run(tmp_path / "runs", "after", seed=1, n_ctx=128)
    return tmp_path


def answer(number, given, expected="1", **changes):
    return {"number": number, "given": given, "expected": expected, "right": given == expected,
            "question": HOSTILE, "text": HOSTILE, **changes}  # fmt: skip


def test_wrong_answers_are_shown_escaped_side_by_side():
    before, after = [answer(1, "1"), answer(2, None), answer(3, HOSTILE)], [answer(n, "1") for n in (1, 2, 3)]
    shown = answers_html([HOSTILE, "b"], [before, after])
    assert "<img" not in shown
    assert "2 of 3 questions were answered wrong" in shown
    assert "2 became right, 0 became wrong" in shown
    assert shown.count("<details>") == 2
    assert "gave no number" in shown
    assert answers_html(["b"], [after]) == '<p class="pg-note">Every answer is right.</p>'
    record = {"run": HOSTILE, "step": 1, "accuracy": 0.25, "right": 1, "questions": 4, "data": HOSTILE}
    record["kind"] = "answers"
    assert "25.0 %" in figures_html([record])
    assert "25.0 % right of 4" in history_html([record])
    assert "<img" not in figures_html([record]) + history_html([record])


def last(updates):
    *_, shown = updates
    return shown


def test_what_cant_be_done_is_said_in_one_sentence(root):
    numbers = (0, 5, 5)
    for values, words in (
        ((None, "", TEXT, None, "", *numbers, "a"), "train a model first"),
        (("before@-1", "", TEXT, None, "", *numbers, " "), "Paste a text"),
        (("before@-1", "", QUESTIONS, None, "", *numbers, ""), "Choose a file"),
        (("before@-1", "", QUESTIONS, "q.jsonl", "", 0, 5, None, ""), "Tokens of an answer is empty"),
        (("nobody@-1", "", TEXT, None, "", *numbers, "a"), "nobody"),
    ):
        shown = last(evaluate(*values))
        assert is_error(shown)
        assert words in shown
    assert "Type the token" in last(push_to_hub("before@-1", "me/x", " "))[0]
    assert "train a model first" in last(export(None))[0]


def test_strangers_push_nothing_and_evaluate_within_limits(root, monkeypatch):
    monkeypatch.setenv("PLAYGROUND_PUBLIC", "1")
    monkeypatch.setenv("PLAYGROUND_TEXT_CHARACTERS", "5")
    assert "Nothing is pushed from here" in last(push_to_hub("before@-1", "me/x", "hf_token"))[0]
    assert "at most 5 here" in last(evaluate("before@-1", "", TEXT, None, "", 0, 5, 5, "too long"))
    questions = records(root)
    assert "Tokens of an answer" in last(evaluate("before@-1", "", QUESTIONS, questions, "", 0, 5, 5000, ""))


def test_a_child_that_fails_says_why_and_one_that_is_left_ends(root):
    with pytest.raises(ChildError, match="no checkpoint of step 7"):
        list(follow("export", "--run", "before", "--step", "7", "--out", str(root / "x")))
    child = follow("train", "--preset", "tiny", "--run", str(root / "runs" / "left"))
    next(child)
    child.close()
    assert not (root / "x").exists()


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    app = App(tmp_path_factory.mktemp("app") / "runs")
    char_run(app.runs, "before", n_ctx=128)
    char_run(app.runs, "after", seed=1, n_ctx=128)
    with running(app):
        yield app


def test_two_runs_are_evaluated_and_one_is_exported(app, page, tmp_path):
    open_page(page, app)
    page.get_by_role("tab", name="Runs").click()
    page.get_by_role("button", name="Evaluate and export").click()
    expect(page.locator("#evaluate-run input")).not_to_have_value("", timeout=20_000)
    page.locator("#evaluate-run input").click()
    page.get_by_role("option", name="after, step 0, newest").click()
    page.locator("#evaluate-other input").click()
    page.get_by_role("option", name="before, step 0, newest").last.click()
    page.locator("#evaluate-file input[type=file]").set_input_files(records(tmp_path))
    expect(page.locator("#evaluate-file")).to_contain_text("questions", timeout=20_000)
    page.get_by_label("Tokens of an answer").fill("20")
    page.locator("#evaluate-start").click()
    result = page.locator("#evaluate-result")
    expect(result).to_contain_text("5 of 5 questions were answered wrong", timeout=150_000)
    expect(result).to_contain_text("before, step 0")
    (line,) = read_evaluations(app.runs / "after")
    assert (line["questions"], line["data"]) == (5, "questions.jsonl")
    page.locator("#evaluating").get_by_role("tab", name="Export").click()
    page.locator("#export-pack").click()
    link = page.locator("#export-file a").first
    expect(link).to_be_visible(timeout=60_000)
    with page.expect_download() as download:
        link.click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert json.loads(archive.read("after/config.json"))["model_type"] == "apertus"
