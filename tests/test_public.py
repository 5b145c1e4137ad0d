"""A public playground in a real browser: two strangers, and one with a link."""

from __future__ import annotations

import json
import re
from random import Random

import pytest
from playwright.sync_api import Page, expect

from playground import runs
from tests.app_process import App, choose_own_text, open_page, running

SECRET_TEXT = " ".join(
    Random(0).choices(["the", "quick", "brown", "zebra", "hides", "here", "and", "there"], k=6000)
)
LIMITS = {"PLAYGROUND_PUBLIC": "1", "PLAYGROUND_STEPS": "4000", "SPACE_ID": "some/space"}


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    with running(App(tmp_path_factory.mktemp("public") / "runs", LIMITS)) as app:
        yield app


@pytest.fixture
def visitors(browser):
    """Return a function that gives a new stranger's page; an error on any of them fails the test."""
    contexts, errors = [], []

    def stranger() -> Page:
        contexts.append(browser.new_context(viewport={"width": 1280, "height": 720}))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        return page

    yield stranger
    for context in contexts:
        context.close()
    assert not errors


def listed(page: Page) -> list[str]:
    page.get_by_role("tab", name="Runs").click()
    page.wait_for_timeout(1500)
    return [item.get_attribute("data-run") for item in page.locator("#run-book li[data-run]").all()]


def test_what_is_whose(visitors, app):
    owner, other = visitors(), visitors()
    open_page(owner, app)
    expect(owner.get_by_test_id("limits")).to_contain_text("4,000 steps")
    expect(owner.get_by_test_id("limits").get_by_role("link")).to_have_attribute(
        "href", "https://huggingface.co/spaces/some/space?duplicate=true"
    )
    choose_own_text(owner)
    owner.locator("#own-text textarea").fill(SECRET_TEXT)
    owner.get_by_role("tab", name="Train").click()
    expect(owner.locator("#preview")).to_contain_text("training tokens", timeout=30_000)
    owner.get_by_role("button", name="Launch training").click()
    expect(owner.get_by_test_id("monitor-state")).to_have_text("Training", timeout=60_000)
    (run,) = [run for run in runs.list_runs(app.runs) if run.name != "demo"]
    kept = json.loads((run / runs.OWNER_FILE).read_text())
    secret = owner.evaluate("localStorage.getItem('playground-visitor')")
    assert kept == {"owner": runs.owner_of_secret(secret)}

    open_page(other, app, f"?run={run.name}")
    expect(other.locator("#train-run input")).to_have_value(re.compile("^demo"))
    assert listed(other) == ["demo"]
    assert listed(owner) == [run.name, "demo"]

    owner.get_by_role("tab", name="Train").click()
    owner.locator("#share").click()
    link = owner.locator("#share-link input, #share-link textarea")
    expect(link).to_have_value(re.compile("watch="), timeout=10_000)
    watcher = visitors()
    watcher.goto(link.input_value())
    expect(watcher.get_by_test_id("monitor-state")).to_have_text("Training", timeout=30_000)
    expect(watcher.locator("#stop")).to_be_disabled()
    expect(watcher.locator("#share")).to_be_hidden()
    assert listed(other) == ["demo"]
    assert "zebra" not in other.content()

    owner.locator("#publish input").check()
    expect(owner.locator("#run-message")).to_contain_text("Everybody")
    expect(other.locator(f"#run-book li[data-run={run.name}]")).to_be_visible(timeout=30_000)
    assert runs.status(run)["state"] == "running"
    owner.locator("#stop").click()
    expect(owner.get_by_test_id("monitor-state")).to_have_text("Stopped", timeout=30_000)
