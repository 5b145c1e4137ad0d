"""Fine-tuning on the page: a preset that starts from a run, its line in the chart, what a start decides."""

from __future__ import annotations

import json
import shutil

import pytest
from playwright.sync_api import expect

from playground.ui.start_choice import said_of_start, start_choices, tokenizer_of_start, with_start_shape
from tests.app_process import DEMO, App, choose, newest, open_page, running
from tests.small_runs import wait_for
from tests.test_train_form import form

SLOW = 60_000


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    app = App(tmp_path_factory.mktemp("finetune") / "runs")
    shutil.copytree(DEMO, app.runs / "demo")
    with running(app):
        yield app


def test_a_string_is_memorised_from_the_page_and_the_chart_has_the_pretrained_line(page, app):
    open_page(page, app)
    choose(page, "Model", "Memorise a string")
    expect(page.locator("#start-from input")).to_have_value("Run demo", timeout=SLOW)
    expect(page.locator("#start-note")).to_contain_text("weights of demo at step 1,500")
    expect(page.locator("#corpus input")).to_have_value("One string, to learn by heart")
    expect(page.locator("#text-chosen")).to_contain_text("tokens of demo")
    page.get_by_role("button", name="Launch training").click()
    expect(page.locator("#launch-message")).to_contain_text("Started as memorise", timeout=SLOW)
    run = newest(app)
    wait_for(run, lambda status: status["state"] == "finished")
    page.get_by_text("What the lines mean").click()
    line = page.locator("[data-testid=monitor-lines] li", has_text="pretrained")
    expect(line).to_contain_text("before its first step", timeout=SLOW)
    assert json.loads((run / "baselines.json").read_text())["pretrained"] > 4
    choose(page, "Model", "Fast")
    expect(page.locator("#start-from input")).to_have_value("Random weights", timeout=SLOW)
    expect(page.locator("#start-note")).to_have_text("")
    choose(page, "Start from", "Run demo")
    expect(page.locator("#start-note")).to_contain_text("weights of demo", timeout=SLOW)
    expect(page.locator("#text-chosen")).to_contain_text("tokens of demo", timeout=SLOW)


def test_what_is_started_from_decides_shape_and_tokenizer(tmp_path, monkeypatch):
    monkeypatch.setenv("PLAYGROUND_RUNS", str(tmp_path))
    shutil.copytree(DEMO, tmp_path / "demo")
    assert ("Run demo", "run:demo") in start_choices()
    assert tokenizer_of_start("run:demo@1500") == ("run", "demo")
    assert tokenizer_of_start("me/model") == ("hf", "me/model")
    assert "at step 1,500" in said_of_start("run:demo")
    assert "no run named" in said_of_start("run:gone")
    assert said_of_start("") == ""
    config = form(start_from="run:demo", changes={"model.n_layers": 7, "model.n_ctx": 32}).config()
    shaped = with_start_shape(config)
    assert (shaped.model.n_layers, shaped.model.n_ctx, shaped.model.d_vocab) == (3, 32, 1024)
    assert with_start_shape(form().config()) == form().config()
