"""The Sample tab: what it writes, what it says of copying, its recipes, and the page itself."""

from __future__ import annotations

import contextlib
import io
import json
import shlex
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from playwright.sync_api import expect

from playground import runs
from playground.bench.processes import serving
from playground.cli import main
from playground.config import ConfigError, SampleConfig
from playground.runs.homes import bring_demo
from playground.sources import corpus_of
from playground.ui import copies_view, models_in_memory, sample_tab, writing
from playground.ui.compare_view import compare, spread, through_time
from playground.ui.copies_view import copies_note
from playground.ui.messages import is_error
from playground.ui.recipes import command_line, python_code
from playground.ui.run_choices import NEWEST, step_choices
from playground.ui.sample_address import KEYS, opened
from playground.ui.writing import Ask, write
from tests.small_runs import make_run, wait_for
from tests.tiny_models import tiny_model

SETTINGS = (0.9, 0, 1, 0, 1, 24, 3, 1, "")
"""temperature, top_k, top_p, min_p, penalty, length, seed, beams, stop"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with one run that has been trained."""
    folder = tmp_path_factory.mktemp("sample") / "runs"
    run = make_run(folder, steps=20, keep_checkpoints=10)
    runs.start(run)
    wait_for(run, lambda status: status["state"] == "finished")
    return folder


@pytest.fixture
def trained(folder, monkeypatch):
    monkeypatch.setenv("PLAYGROUND_RUNS", str(folder))
    models_in_memory.MODELS.forget()
    return "small"


def last(updates):
    *_, final = updates
    return final


def text_of(value):
    return "".join(token[1] for token in value["tokens"])


def test_it_writes_and_goes_on_from_another_token(trained):
    value, note, copies = last(write(trained, NEWEST, "the ", *SETTINGS, False, ""))
    assert "24 tokens" in note
    assert "8-grams" in copies or "Not copied" in copies
    assert value["prompt"] == "the "
    for _, _, p, own, likeliest in value["tokens"]:
        assert 0 < p <= 1
        assert 0 < own <= 1
        assert [q for *_, q in likeliest] == sorted((q for *_, q in likeliest), reverse=True)
    kept = [token[0] for token in value["tokens"][:5]]
    asked = json.dumps({"mode": "branch", "kept": kept, "prompt": "the "})
    branch, *_ = last(write(trained, NEWEST, "something else", *SETTINGS, False, asked))
    assert (branch["prompt"], branch["kept"]) == ("the ", kept)
    assert branch["serial"] != value["serial"]
    again, *_ = last(write(trained, NEWEST, "the ", *SETTINGS, False, ""))
    assert text_of(again) == text_of(value)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({0: None}, "Temperature is empty"),
        ({2: 1.5}, "top_p must be"),
        ({4: 0}, "repetition_penalty must be"),
        ({5: 2.5}, "Length must be a whole number"),
    ],
)
def test_bad_settings_are_one_sentence(trained, change, sentence):
    values = [change.get(i, value) for i, value in enumerate(SETTINGS)]
    value, note, _ = last(write(trained, NEWEST, "the ", *values, False, ""))
    assert value is None
    assert sentence in note


def test_what_the_page_asks_for_is_checked(trained):
    with pytest.raises(ConfigError, match="unreadable"):
        Ask.read('{"kept": ["x"]}', "")
    with pytest.raises(ConfigError, match="20,001 tokens"):
        Ask.read(json.dumps({"kept": [0] * 20_001}), "")
    assert Ask.read("", "a").prompt == "a"
    _, note, _ = last(write(trained, NEWEST, "the ", *SETTINGS, False, '{"kept": [9999]}'))
    assert "Token 9999 is not in this model" in note
    assert "no run yet" in last(write(None, NEWEST, "the ", *SETTINGS, False, ""))[1]


def test_recipes_write_the_same_text(trained):
    value, *_ = last(write(trained, NEWEST, "the ", *SETTINGS, False, ""))
    words = shlex.split(value["command"])
    assert words[:4] == ["python", "-m", "playground", "sample"]
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        assert main(words[3:]) == 0
    assert said.getvalue() == "the " + text_of(value) + "\n"
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(value["python"], {})
    assert said.getvalue() == text_of(value)
    hostile = "it's \"a\" $(trap)\n'"
    assert shlex.split(command_line("r", 3, hostile, SampleConfig()))[9] == hostile
    assert repr(hostile) in python_code("r", 3, hostile, SampleConfig())


def test_copies_are_found_in_the_runs_own_text(trained):
    talker = models_in_memory.model_at(trained)
    tokens = talker.tokenizer.encode("the dog sat on the log. ")
    shown, spans = copies_note(talker, tokens)
    assert spans[0] == [0, len(tokens)]
    assert "Copied: 100% of its 8-grams" in shown
    assert "<mark>the dog sat on the log. </mark>" in shown
    shown, spans = copies_note(talker, talker.tokenizer.encode("gggggggggggg"))
    assert spans == []
    assert "Not copied" in shown


def test_a_text_that_was_not_kept_is_made_again_before_it_is_compared(tmp_path, monkeypatch):
    """The shipped run comes without its tokens; what it learned begins as its corpus does."""
    monkeypatch.setenv("PLAYGROUND_RUNS", str(tmp_path))
    bring_demo(tmp_path)
    monkeypatch.setattr(copies_view, "WAIT_SECONDS", 100.0)
    talker = models_in_memory.model_at("demo")
    story = "".join(islice(corpus_of(talker.loaded.config.data).documents, 1))
    shown, spans = copies_note(talker, talker.tokenizer.encode(story)[:60])
    assert spans == [[0, 60]]
    assert "from document 1 of" in shown


def test_a_beam_search_can_be_stopped_while_it_searches(trained, monkeypatch):
    """Gradio stops a function where it yields, so there must be something to yield before the text."""
    monkeypatch.setattr(writing, "YIELD_SECONDS", 0.0)
    beams = (*SETTINGS[:7], 4, "")
    notes = [note for _, note, _ in write(trained, NEWEST, "the ", *beams, False, "")]
    assert sum("following 4 beams" in note for note in notes) == 24


def test_a_run_that_has_saved_nothing_yet_is_no_error(tmp_path, monkeypatch):
    monkeypatch.setenv("PLAYGROUND_RUNS", str(tmp_path))
    make_run(tmp_path)
    packed, note, _ = sample_tab._distribution("small", NEWEST, "the ")
    assert packed is None
    assert "small has no checkpoint yet" in note
    assert not is_error(note)


def test_columns_and_the_scrubber(trained):
    steps = [step for _, step in step_choices(runs.runs_root(), trained)[1:]]
    assert steps == sorted(runs.checkpoints(runs.runs_root() / trained), reverse=True)
    chosen = [f"{trained}@{steps[0]}", f"{trained}@{steps[-1]}"]
    columns = last(compare(chosen, "Temperature", "0, 1", None, None, "<b>the ", *SETTINGS))
    assert columns.count("<article>") == 4
    assert "&lt;b&gt;the " in columns

    def said(*what):
        return last(compare(*what, trained, NEWEST, "the ", *SETTINGS))

    assert "checkpoints (1) times values of Temperature (1) are 1" in said(chosen[:1], "Temperature", "")
    assert "must be numbers between commas" in said(chosen, "Top-p", "hot")
    assert "must be whole numbers between commas" in said(chosen, "Beams", "1.5")
    assert "top_p must be from 0 to 1" in said([], "Top-p", "1, 7")
    beams = said([], "Beams", "1, 4")
    own, *_ = last(write(trained, NEWEST, "the ", *SETTINGS[:-2], 4, "", False, ""))
    assert f"small, step {steps[0]} · beams 4</h4><p><b>the </b>{text_of(own)}</p>" in beams
    value, note = last(through_time(trained, "the ", *SETTINGS))
    assert [step for step, _ in value["texts"]] == steps[::-1]
    own, *_ = last(write(trained, steps[0], "the ", *SETTINGS, False, ""))
    assert value["texts"][-1][1] == text_of(own)
    assert f"{len(steps)} of {len(steps)} checkpoints" in note
    assert spread(list(range(100)), 5) == [0, 25, 50, 74, 99]


def test_a_text_ends_before_a_stop_string(trained):
    whole, *_ = last(write(trained, NEWEST, "the ", *SETTINGS, False, ""))
    text = text_of(whole)
    stop = max(text.split(), key=len)
    short, note, _ = last(write(trained, NEWEST, "the ", *SETTINGS[:-1], f"zzz\\n | {stop}", False, ""))
    assert text_of(short) == text[: text.index(stop)]
    assert "it came to a string to stop before" in note
    words = shlex.split(short["command"])
    assert words[words.index("--stop") + 1 :][:2] == ["zzz\n", stop]


def test_an_address_sets_what_it_names():
    query = {"tab": "sample", "temp": "0.3", "topk": "x", "prompt": "<b>", "step": "20"}
    request: Any = SimpleNamespace(query_params=query)
    said = dict(zip(KEYS, opened(request), strict=True))
    assert (said["temp"], said["prompt"], said["step"]) == (0.3, "<b>", 20)
    assert said["topk"] == said["seed"] != 0, "a mistyped or missing value leaves the field alone"


@pytest.fixture(scope="module")
def url(folder):
    with serving(Path("app.py").resolve(), folder) as (url, _):
        yield url


def test_the_tab_in_a_browser(page, url):
    """A link opens it; each token shows others, another one begins a branch that can be walked back."""
    page.goto(f"{url}?tab=sample&run=small&prompt=the+&temp=1&length=30&seed=5")
    expect(page.get_by_test_id("distribution-kept")).to_contain_text("kept", timeout=60_000)
    expect(page.locator("#temperature input[type=number]")).to_have_value("1")
    expect(page.get_by_test_id("prompt-tokens")).to_contain_text("4 tokens")
    page.get_by_role("button", name="Generate", exact=True).click()
    expect(page.locator("#output-note")).to_contain_text("30 tokens, ", timeout=30_000)
    text = page.get_by_test_id("say-text")
    first = text.inner_text()
    expect(page.locator("#copies")).to_contain_text("opied")
    text.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    popup = page.get_by_test_id("say-pop")
    popup.locator('button:not([aria-current="true"])').first.click()
    expect(page.get_by_test_id("say-branches")).to_contain_text("branch 2 of 2", timeout=30_000)
    expect(page.locator("#output-note")).to_contain_text("30 tokens, ", timeout=30_000)
    expect(page.get_by_role("button", name="Generate", exact=True)).to_be_enabled(timeout=30_000)
    page.wait_for_timeout(300)
    assert text.inner_text()[:8] == first[:8]
    page.get_by_role("button", name="Previous branch").click()
    assert text.inner_text() == first
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_test_id("say-text").locator("span")).to_have_count(60, timeout=30_000)
    assert "seed=5" in page.url
    page.evaluate("document.querySelector('[data-do=command]').click()")
    assert "playground sample --run small" in page.evaluate(
        "[...document.querySelectorAll('#output, #output *')].find((node) => node.__copied)?.__copied"
    )


def test_a_hugging_face_model_is_opened_and_talks(page, url, tmp_path):
    """Of a kind that runs through transformers; what can't be opened is said in a sentence."""
    tiny_model(tmp_path / "tiny-opt", "opt", std=0.2)
    page.goto(f"{url}?tab=sample&run=small&prompt=the+&length=20")
    expect(page.get_by_test_id("distribution-source")).to_contain_text("small", timeout=60_000)
    page.get_by_role("button", name="Open a Hugging Face model").click()
    name, opened = page.locator("#hub-name").locator("input, textarea").first, page.locator("#hub-note")
    name.fill("no such/../model")
    page.locator("#hub-open").click()
    expect(opened).to_contain_text("There is no folder 'no such/../model'", timeout=30_000)
    name.fill(str(tmp_path / "tiny-opt"))
    page.locator("#hub-open").click()
    expect(opened).to_contain_text("is open as the run tiny-opt", timeout=90_000)
    expect(page.get_by_test_id("distribution-source")).to_contain_text("tiny-opt, step 0", timeout=30_000)
    page.get_by_role("button", name="Generate", exact=True).click()
    expect(page.locator("#output-note")).to_contain_text("tiny-opt, step 0 · ", timeout=30_000)
    expect(page.locator("#copies")).to_contain_text("was trained elsewhere", timeout=30_000)
    assert page.get_by_test_id("say-text").locator("span").count() > 0


def test_inspect_keeps_its_state_in_the_address(page, url):
    page.goto(f"{url}?tab=inspect&inspect_run=small&text=the+dog&view=batch")
    expect(page.get_by_test_id("inspect-agree")).to_contain_text("agree", timeout=60_000)
    page.locator("[data-view=next]").click()
    page.locator("#inspect-text textarea").fill("the cat sat")
    page.wait_for_function("location.search.includes('text=the+cat+sat')", timeout=30_000)
    assert "view=next" in page.url
    page.reload()
    expect(page.get_by_test_id("inspect-next").locator("tbody tr")).to_have_count(11, timeout=60_000)
    page.get_by_role("tab", name="Train").click()
    assert "tab=" not in page.url
