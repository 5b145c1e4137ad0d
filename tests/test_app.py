"""The real app in a real browser: what a newcomer does, and what must survive it."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page, expect

from playground import runs
from tests.app_process import MONITOR, App, choose, choose_own_text, newest, open_page, running
from tests.small_runs import end, wait_for

TABS = ["Tokenize", "Data", "Train", "Runs", "Sample", "Inspect"]
TRAIN_POINTS = f"{MONITOR}?.chart.curves?.find((curve) => curve.kind === 'train').data[0].length"


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    with running(App(tmp_path_factory.mktemp("app") / "runs")) as app:
        yield app


def updates(page: Page) -> int:
    return page.evaluate(f"{MONITOR}.updates")


def zoomed(page: Page) -> dict[str, list[float]]:
    """Zoom by dragging, and return what is shown then."""
    page.wait_for_function(f"{MONITOR}.chart.lines?.length === 8", timeout=30_000)
    plot = page.get_by_test_id("monitor-chart").bounding_box()
    page.mouse.move(plot["x"] + 120, plot["y"] + 40)
    page.mouse.down()
    page.mouse.move(plot["x"] + 320, plot["y"] + 160, steps=4)
    page.mouse.up()
    view = page.evaluate(f"{MONITOR}.chart.ranges")
    assert view["x"][0] > 0
    return view


@pytest.fixture
def page_of_errors(browser):
    """A page on which a failed request is expected: the console may report it."""
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    yield context.new_page()
    context.close()


def test_nothing_leaves_the_machine_when_the_page_loads(page, app):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    open_page(page, app)
    for tab in ("Tokenize", "Data", "Sample", "Inspect", "Train"):
        page.get_by_role("tab", name=tab).click()
    page.wait_for_timeout(1000)
    names = page.locator("#tabs > .tab-wrapper [role=tab]").all_inner_texts()
    assert [name.strip() for name in names if name.strip()] == TABS, "each tab is there once"
    outside = [url for url in asked if not url.startswith((app.url, "data:", "blob:"))]
    assert outside == []


def test_the_empty_page_says_how_to_begin(page, app):
    open_page(page, app)
    expect(page.get_by_test_id("monitor-message")).to_contain_text("No run yet")
    expect(page.locator("#estimate")).to_contain_text("Parameters", timeout=20_000)
    expect(page.locator("#preview")).to_contain_text("held out", timeout=20_000)
    page.get_by_role("tab", name="Sample").click()
    expect(page.locator("#prompt-note")).to_contain_text("no run yet", timeout=10_000)


def test_the_main_job(page, app):
    """Launch, see the curve pass the bigram line, zoom and keep it, reload, sample, stop."""
    open_page(page, app)
    launch = page.get_by_role("button", name="Launch training")
    launch.dblclick()
    expect(page.get_by_test_id("monitor-state")).to_have_text("Training", timeout=30_000)
    assert len(runs.list_runs(app.runs)) == 1, "two clicks are one run"
    launch.click()
    expect(page.locator("#launch-message")).to_contain_text("in the queue, at place 1", timeout=10_000)
    (waiting,) = runs.waiting_runs(app.runs)
    expect(page.get_by_test_id("monitor-state")).to_have_text("Training")  # still the one that trains
    runs.delete_run(waiting)

    page.wait_for_function(f"{MONITOR}.chart.lines?.length === 8", timeout=30_000)
    expect(page.get_by_test_id("monitor-event")).to_contain_text("held-out bigram line", timeout=60_000)
    points = page.evaluate(TRAIN_POINTS)
    assert points > 20
    expect(page.get_by_test_id("monitor-samples").locator("article").first).to_be_visible()

    view = zoomed(page)
    before = updates(page)
    page.get_by_role("tab", name="Tokenize").click()
    page.get_by_role("tab", name="Train").click()
    page.wait_for_function(f"{MONITOR}.updates >= {before + 30}", timeout=90_000)
    assert page.evaluate(f"{MONITOR}.chart.ranges") == view
    assert page.evaluate(TRAIN_POINTS) > points

    page.get_by_role("tab", name="Sample").click()
    page.locator("#length input[type=number]").fill("20")
    page.get_by_role("button", name="Generate", exact=True).click()
    expect(page.locator("#output-note")).to_contain_text("20 tokens, ", timeout=30_000)
    assert runs.status(newest(app))["state"] == "running", "it was sampled while it trained"
    assert len(page.get_by_test_id("say-text").inner_text()) > 20

    page.get_by_role("tab", name="Train").click()
    page.reload()
    expect(page.get_by_test_id("monitor-state")).to_have_text("Training", timeout=30_000)
    page.locator("#stop").click()
    expect(page.get_by_test_id("monitor-state")).to_have_text("Stopped", timeout=30_000)
    status = wait_for(newest(app), lambda s: s["state"] == "stopped")
    assert status["latest"] == runs.checkpoints(newest(app))[-1] > 0


def test_the_app_is_restarted_under_a_training_run_and_an_open_page(page_of_errors, app):
    page = page_of_errors
    run = newest(app)
    open_page(page, app)
    page.locator("#pause").click()  # "Resume" of the stopped run
    expect(page.get_by_test_id("monitor-state")).to_have_text("Training", timeout=30_000)
    step = runs.status(run)["step"]
    view = zoomed(page)
    app.stop()
    wait_for(run, lambda s: s["state"] == "running" and s["step"] > step + 5)
    expect(page.get_by_test_id("monitor-message")).to_contain_text("Connection lost", timeout=30_000)
    app.start()
    points = page.evaluate(TRAIN_POINTS)
    page.wait_for_function(f"{TRAIN_POINTS} > {points + 5}", timeout=60_000)  # nobody touched the page
    expect(page.get_by_test_id("monitor-state")).to_have_text("Training")
    kept = page.evaluate(f"{MONITOR}.chart.ranges")
    for axis in ("x", "y"):  # Gradio may mount the page anew: the address has seven digits
        assert kept[axis] == pytest.approx(view[axis], rel=1e-6)
    page.reload()
    expect(page.get_by_test_id("monitor-state")).to_have_text("Training", timeout=30_000)
    page.wait_for_function(f"{MONITOR}.chart.lines?.length === 8", timeout=30_000)
    end(runs.status(run)["pid"])
    expect(page.get_by_test_id("monitor-state")).to_have_text("Failed", timeout=30_000)
    expect(page.get_by_test_id("monitor-message")).to_contain_text("training process ended at step")


def test_sliders_remove_and_reweigh_tokens_in_the_chart(page, app):
    open_page(page, app)
    page.get_by_role("tab", name="Sample").click()
    chart = page.get_by_test_id("distribution-kept")
    expect(chart).to_contain_text("kept", timeout=30_000)
    first = page.get_by_test_id("distribution-row").first.inner_text()
    page.locator("#top-k input[type=number]").fill("3")
    expect(chart).to_contain_text("kept 3 of")
    assert page.locator("[data-removed-by='top-k']").count() == 17
    page.locator("#top-k input[type=number]").fill("0")
    page.locator("#temperature input[type=number]").fill("2")
    expect(chart).not_to_contain_text("kept 3 of")
    assert page.get_by_test_id("distribution-row").first.inner_text() != first
    page.locator("#temperature input[type=number]").fill("0")
    expect(chart).to_contain_text("kept 1 of")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\x00\x01\x02binary\x00", "binary"),
        (b"caf\xe9 au lait " * 50, "byte 3"),
        (b"too short", "too short"),
    ],
)
def test_a_bad_file_is_refused_where_the_person_looks(page_of_errors, app, tmp_path, content, words):
    page = page_of_errors
    before = len(runs.list_runs(app.runs))
    open_page(page, app)
    choose_own_text(page)
    path = tmp_path / "own.txt"
    path.write_bytes(content)
    page.locator("#own-file input[type=file]").set_input_files(str(path))
    expect(page.locator("#data-status .pg-error")).to_contain_text(words, timeout=20_000)
    page.get_by_role("tab", name="Train").click()
    expect(page.locator("#preview .pg-error")).to_contain_text(words, timeout=20_000)
    page.get_by_role("button", name="Launch training").click()
    expect(page.locator("#launch-message .pg-error")).to_contain_text(words, timeout=20_000)
    assert len(runs.list_runs(app.runs)) == before


def test_own_text_is_trained_and_its_run_holds_it(page, app):
    open_page(page, app)
    choose_own_text(page)
    text = "one fish two fish red fish blue fish. " * 120
    page.locator("#own-text textarea").fill(text)
    page.get_by_role("tab", name="Train").click()
    expect(page.locator("#text-chosen")).to_contain_text("4,560 characters pasted", timeout=20_000)
    choose(page, "Model", "Characters")
    page.get_by_role("button", name="Launch training").click()
    expect(page.get_by_test_id("monitor-state")).to_have_text(re.compile("Training|Done"), timeout=30_000)
    run = newest(app)
    assert run.name.startswith("own-text")
    assert (run / "text.txt").read_text() == text.strip() or (run / "text.txt").read_text() == text
    wait_for(run, lambda s: s["step"] > 5)
    page.locator("#stop").click()
    wait_for(run, lambda s: s["state"] not in runs.ACTIVE)
    assert json.loads((run / "config.json").read_text())["data"]["text_file"] == "text.txt"


STOP_SOON = """() => new Promise((done) => {
  const timer = setInterval(() => {
    const stop = document.querySelector("#halt");
    if (stop.disabled || document.querySelector("[data-testid=say-text]").textContent.length < 100) return;
    clearInterval(timer);
    stop.click();
    done();
  }, 5);
})"""


def test_a_text_under_way_is_stopped(page, app):
    """The run on own text has no end token, so it would go on to the last token."""
    open_page(page, app)
    page.get_by_role("tab", name="Sample").click()
    page.locator("#prompt textarea").fill("one fish Ω")
    expect(page.locator("#prompt-note")).to_contain_text("never saw them: Ω", timeout=20_000)
    page.locator("#length input[type=number]").fill("1000")
    page.get_by_role("button", name="Generate", exact=True).click()
    page.evaluate(STOP_SOON)
    expect(page.get_by_role("button", name="Generate", exact=True)).to_be_enabled(timeout=10_000)
    page.wait_for_timeout(500)
    text = page.get_by_test_id("say-text").inner_text()
    page.wait_for_timeout(1500)
    assert page.get_by_test_id("say-text").inner_text() == text
    expect(page.locator("#output-note")).not_to_contain_text("per second")


def test_settings_mark_what_can_not_work_and_show_what_a_run_takes(page, app):
    open_page(page, app)
    expect(page.locator("#estimate")).to_contain_text("852,864", timeout=20_000)
    page.locator("[data-group=model] summary").click()
    page.locator("#set-model-n_heads").fill("3")
    wrong = page.locator("[data-key='model.n_heads'] .pg-set-error")
    expect(wrong).to_contain_text("can't be divided by n_heads (3)", timeout=10_000)
    expect(page.locator("#set-model-n_heads")).to_have_attribute("aria-invalid", "true")
    page.locator("#set-model-n_heads").fill("4")
    page.locator("#set-model-n_layers").fill("5")
    expect(wrong).to_be_hidden(timeout=10_000)
    expect(page.locator("#estimate")).not_to_contain_text("852,864", timeout=10_000)
    expect(page.locator("#settings [data-part=changed]")).to_contain_text("Layers 3 → 5")
    page.locator("#set-model-rope_theta").scroll_into_view_if_needed()
    expect(page.locator("#train-run")).to_be_in_viewport()
    expect(page.locator("#estimate")).to_be_in_viewport()
    choose(page, "Model", "Tiny")
    expect(page.locator("#settings [data-part=difference]")).to_contain_text("layers 5 → 1", timeout=10_000)
    expect(page.locator("#set-model-n_layers")).to_have_value("1")
    page.locator("[data-group=schedule] summary").click()
    before = page.locator(".pg-schedule polyline").get_attribute("points")
    page.locator("#set-optim-warmup_steps").fill("900")
    expect(page.locator(".pg-schedule polyline")).not_to_have_attribute("points", before, timeout=10_000)
    page.get_by_role("button", name="Warmup: back to 30").click()
    expect(page.locator(".pg-schedule polyline")).to_have_attribute("points", before, timeout=10_000)


def show_tab(page, name):
    """Click a tab, in the menu of those that don't fit on a narrow page if it is there."""
    tab = page.get_by_role("tab", name=name, exact=True)
    if not tab.count():
        page.get_by_role("button", name="More tabs").first.click()
        tab = page.locator("#tabs .overflow-dropdown button", has_text=name)
    tab.first.click()


@pytest.mark.parametrize("width", [1280, 390])
def test_no_screen_is_wider_than_the_window(browser, app, width):
    context = browser.new_context(viewport={"width": width, "height": 800})
    page = context.new_page()
    open_page(page, app)
    for tab in ("Tokenize", "Data", "Train", "Runs", "Sample", "Inspect"):
        show_tab(page, tab)
        page.wait_for_timeout(500)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, tab
    context.close()
