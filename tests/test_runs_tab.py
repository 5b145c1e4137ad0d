import dataclasses
import json
import time
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import expect

from playground import presets, runs
from playground.config import DataConfig
from playground.experiments import EXPERIMENTS
from playground.files import write_json_atomic
from playground.runs import queue
from playground.sweeps import changed
from playground.ui.data_form import DataForm
from playground.ui.data_values import data_values, shown_updates
from playground.ui.downloads import downloads_folder
from playground.ui.run_book import RunBook
from playground.ui.run_book.actions import act
from playground.ui.run_book.comparing import compare
from playground.ui.run_book.duplicate import preset_and_settings
from playground.ui.run_book.listing import book
from playground.ui.run_book.settings import sweep_settings
from playground.ui.settings.component import read_settings
from playground.ui.settings.values import changed_config
from tests.small_runs import TEXT, small_config

HOSTILE = "<img src=x onerror=alert(1)>\"'&"
TINY = presets.preset("tiny").config
MOUNT = """([html, css, js, props]) => {
  const element = document.body.appendChild(document.createElement("div"));
  element.id = "book";
  element.innerHTML = `<style>#book { ${css} }</style>${html}`;
  window.told = [];
  const asked = (name) => [name, (request) => window[`py_${name}`](request)];
  const server = Object.fromEntries(["book", "act", "compare"].map(asked));
  const trigger = (event, values) => window.told.push([event, values]);
  new Function("element", "props", "server", "trigger", js)(element, props, server, trigger);
}"""


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A folder of runs in which all wait that are started."""
    monkeypatch.setenv("PLAYGROUND_RUNS", str(tmp_path))
    monkeypatch.setattr(queue, "slots", lambda: 0)
    return tmp_path


def make(root, name="a", config=TINY, **status):
    run = runs.create(root, name, config.to_json())
    write_json_atomic(run / "status.json", {"state": "finished", "created": time.time(), **status})
    return run


def test_only_rows_that_changed_are_sent(root):
    a, b = make(root, "a", best_val_loss=1.5), make(root, "b")
    (a / "metrics.jsonl").write_text("".join(f'{{"step": {n}, "train_loss": {9 - n}}}\n' for n in range(5)))
    first = book({})
    assert set(first["names"]) == {row["name"] for row in first["rows"]} == {"a", "b"}
    row = next(row for row in first["rows"] if row["name"] == "a")
    assert (row["best"], row["curve"][0], row["curve"][-1]) == (1.5, [0, 9.0], [4, 5.0])
    seen = {row["name"]: row["stamp"] for row in first["rows"]}
    assert book({"seen": seen})["rows"] == []
    runs.change_meta(b, title=HOSTILE)
    assert [row["title"] for row in book({"seen": seen})["rows"]] == [HOSTILE]
    runs.start(a)
    assert [row["place"] for row in book({"seen": seen})["rows"] if row["name"] == "a"] == [1]


@pytest.mark.parametrize(
    "request_", [None, 3, [], {"seen": 3}, {"seen": {"a": []}}, {"runs": 3}, {"action": []}]
)
def test_whatever_a_page_sends_has_an_answer(root, request_):
    make(root)
    assert len(book(request_)["rows"]) == 1
    assert "error" in act(request_)
    assert compare(request_)["rows"] == []


def test_numbers_of_any_size_do_not_stop_the_list(root):
    run = make(root, step=10**400, best_val_loss=10**400, created=10**400)
    (run / "metrics.jsonl").write_text(f'{{"step": {10**400}, "train_loss": {10**400}}}\n')
    (run / "baselines.json").write_text(json.dumps({"bytes_per_token": 10**400, "held_out": {"x": 10**400}}))
    (row,) = book({})["rows"]
    assert (row["best"], row["step"], row["curve"]) == (None, 0, [])
    assert json.dumps(compare({"runs": ["a"]}))


def test_actions_answer_in_a_sentence(root):
    make(root)
    for action in ("change", "cancel", "first", "start", "stop", "branch", "repeat", "download"):
        assert "no run named" in act({"action": action, "run": "../x"})["error"]
    assert "title" in act({"action": "change", "run": "a", "title": 3})["error"]
    assert act({"action": "branch", "run": "a", "step": "x", "until": 3})["error"].startswith(
        "The checkpoint"
    )
    assert "after 9" in act({"action": "branch", "run": "a", "step": 9, "until": 9})["error"]
    assert "no checkpoint of step 9" in act({"action": "branch", "run": "a", "step": 9, "until": 10})["error"]
    assert "experiment must be" in act({"action": "experiment", "name": "x"})["error"]
    assert "no run named" in act({"action": "delete", "runs": ["x"]})["error"]
    assert "values" in act({"action": "sweep", "base": "preset:tiny", "vary": [["", ""]]})["error"]
    assert "n_layers" in act({"action": "sweep", "base": "preset:tiny", "vary": [["n_layers", "x"]]})["error"]


def test_delete_and_undo(root):
    make(root)
    tokens = act({"action": "delete", "runs": ["a"]})["tokens"]
    assert book({})["deleted"] == [{"token": tokens[0], "name": "a"}]
    assert act({"action": "restore", "tokens": tokens})["said"] == "Back again: a."
    assert book({})["names"] == ["a"]


def test_a_sweep_of_a_run_takes_its_own_text_along(root):
    run = make(root, "own", small_config())
    (run / "text.txt").write_text(TEXT)
    answer = act({"action": "sweep", "base": "run:own", "vary": [["lr", "1e-3, 1e-2"]], "steps": "7"})
    assert len(answer["runs"]) == 2
    for name in answer["runs"]:
        config = json.loads((root / name / "config.json").read_text())
        assert (root / name / config["data"]["text_file"]).read_text() == TEXT
        assert config["train"]["steps"] == 7
    table = compare({"group": answer["group"]})
    assert table["settings"] == ["lr"]
    assert [d["name"] for d in table["differences"]] == ["optim.lr", "optim.muon_lr", "optim.lr_min"]


def test_command_script_and_zip(root, tmp_path):
    RunBook()
    run = make(root, "a", small_config())
    (run / "text.txt").write_text(TEXT)
    answer = act({"action": "repeat", "run": "a"})
    assert str(run / "text.txt") in answer["command"]
    compile(answer["script"], "script", "exec")
    packed = act({"action": "download", "run": "a"})
    assert Path(packed["path"]).is_relative_to(downloads_folder())
    assert "text.txt" in zipfile.ZipFile(packed["path"]).namelist()


def test_every_setting_offered_can_be_varied():
    for setting in sweep_settings():
        value = setting["values"].split(",")[0].strip()
        if value and setting["name"] not in ("hub", "corpus", "template", "hub_revision"):
            changed(TINY, {setting["name"]: value})


@pytest.mark.parametrize("name", ["fast", "course-lstm", "gpt2-style", *EXPERIMENTS])
def test_a_duplicated_run_fills_the_form_with_its_settings(name):
    known = name in presets.PRESETS
    config = presets.preset(name).config if known else EXPERIMENTS[name].variants()[-1].config
    config = dataclasses.replace(config, train=dataclasses.replace(config.train, seed=7))
    read, changes = read_settings(preset_and_settings(config)[1])
    again = changed_config(presets.preset(read).config, changes)
    assert dataclasses.replace(again, data=config.data) == config


@pytest.mark.parametrize(
    "config",
    [
        DataConfig(),
        DataConfig(corpus="markov:3", tokenizer="char"),
        DataConfig(tokenizer="alphabet:abc", val_fraction=0.1, test_fraction=0.1),
        DataConfig(tokenizer="hf:Qwen/Qwen3-0.6B", val_fraction=0.07, test_fraction=0.02, text_seed=3),
        DataConfig(
            corpus="hub", hub="a/b", hub_split="x", max_documents=5, max_bytes=3_000_000, text_column="t"
        ),
        DataConfig(corpus="text", text_file="text.txt", batches="padded", too_long="cut"),
        DataConfig(loss_on="answer", answer_after="Answer: ", too_long="skip"),
    ],
)
def test_a_duplicated_run_fills_the_form_with_its_text(tmp_path, config):
    (tmp_path / "text.txt").write_text(TEXT)
    values = data_values(config, tmp_path)
    form = DataForm(**values)
    assert form.config() == config
    assert form.own_text == (TEXT if config.corpus == "text" else "")
    assert set(shown_updates(values)) == set(values)


@pytest.fixture
def opened(page, root):
    """A list of two runs alone on a page."""
    a = make(root, "a", step=5, total_steps=10, best_val_loss=1.25)
    make(root, "b", state="failed", reason=HOSTILE)
    runs.change_meta(a, title=HOSTILE, note=HOSTILE)
    body = "<style>body { --body-text-color: #222 } .hide { display: none }</style>"
    page.route("http://book.test/", lambda route: route.fulfill(content_type="text/html", body=body))
    for name, function in (("book", book), ("act", act), ("compare", compare)):
        page.expose_function(f"py_{name}", function)
    page.goto("http://book.test/")
    component = RunBook()
    props = {name: component.props[name] for name in ("experiments", "presets", "settings")}
    page.evaluate(MOUNT, [component.html_template, component.css_template, component.js_on_load, props])
    expect(page.locator("li[data-run]")).to_have_count(2)
    return page


def test_the_list_in_a_browser(opened, root):
    """Names are text whatever they are; search, pin, rename, select, delete, undo, queue and cancel."""
    a, b = (opened.locator(f'li[data-run="{name}"]') for name in "ab")
    expect(a.locator("b").first).to_have_text(HOSTILE)
    assert opened.locator("img").count() == 0
    opened.get_by_test_id("book-search").fill("onerror")
    expect(b).to_be_hidden()
    opened.get_by_test_id("book-search").fill("")
    b.locator(".pg-book-star").click()
    expect(opened.locator("li[data-run]").first).to_have_attribute("data-run", "b")
    a.locator(".pg-book-more").click()
    title = a.get_by_label("Title")
    title.fill("Mine")
    title.press("Tab")
    expect(a.locator("b").first).to_have_text("Mine")
    assert runs.read_meta(root / "a").title == "Mine"
    a.get_by_role("button", name="Duplicate").click()
    for row in (a, b):
        row.locator("input[type=checkbox]").check()
    opened.get_by_role("button", name="On one chart").click()
    assert opened.evaluate("told") == [["submit", {"run": "a"}], ["select", {"runs": ["b", "a"]}]]
    opened.get_by_test_id("book-chosen").get_by_role("button", name="Delete").click()
    expect(opened.locator("li[data-run]")).to_have_count(0)
    opened.get_by_role("button", name="Undo").click()
    expect(opened.locator("li[data-run]")).to_have_count(2)


def test_an_experiment_and_a_sweep_in_a_browser(opened, root):
    opened.get_by_role("button", name="SGD, AdamW and Muon").click()
    expect(opened.locator("li[data-run]")).to_have_count(5)
    expect(opened.get_by_test_id("book-table").locator("tbody tr").first).to_contain_text("optimizers")
    last = opened.locator('li[data-run="optimizers-Muon"]')
    expect(last.locator(".pg-book-chip")).to_have_text("Place 3")
    last.locator(".pg-book-more").click()
    last.get_by_role("button", name="Leave the queue").click()
    expect(last.locator(".pg-book-chip")).to_have_text("Stopped")
    form = opened.get_by_test_id("book-sweep")
    form.locator("[name=values1]").fill("x")
    form.get_by_role("button").click()
    expect(form.get_by_role("alert")).to_contain_text("lr must be a number, but it is 'x'")
    form.locator("[name=values1]").fill("1e-3, 1e-2")
    form.locator("[name=name2]").select_option("n_layers")
    expect(form.get_by_role("button")).to_have_text("Queue 6 runs")
    form.get_by_role("button").click()
    expect(opened.locator("li[data-run]")).to_have_count(11)
