"""Fixtures for tests that need a browser, the command line or a text, and a cache of their own."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile

import pytest

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SKIPPED = "browser tests need Chromium: install it, or name it in the environment variable CHROMIUM"

# Texts that tests prepare are kept for the session, and never beside a person's own.
CACHE = tempfile.TemporaryDirectory(prefix="playground-cache-")
os.environ["PLAYGROUND_CACHE"] = CACHE.name


QUIET_WHEN_LEFT = """addEventListener("beforeunload", () => {
    console.error = () => {};
    addEventListener("unhandledrejection", (event) => event.preventDefault());
});"""
"""A page that is reloaded has its requests cut: what Gradio says of that, nobody sees."""


def find_chromium() -> str | None:
    """Return the path of a Chromium, None without one."""
    found = (shutil.which(name) for name in CHROMIUM_NAMES)
    return os.environ.get("CHROMIUM") or next(filter(None, found), None)


@pytest.fixture(scope="session")
def browser():
    """Yield a headless Chromium; without one, browser tests are skipped by name and fail in CI."""
    executable = find_chromium()
    if executable is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is required in CI, and none was found.")
        pytest.skip(SKIPPED)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_ARGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser):
    """Yield an empty page of 1280 x 720; an error in its scripts or console fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    context.add_init_script(QUIET_WHEN_LEFT)
    page, errors = context.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    assert not errors, f"The page reported errors: {errors}"


@pytest.fixture
def kept_signals():
    """A worker takes over SIGINT and SIGTERM; when it works within a test, give them back."""
    before = {name: signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)}
    yield
    for name, handler in before.items():
        signal.signal(name, handler)


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """Return a function that runs one command in process: its status, what it printed, its errors."""
    from playground.cli import main

    monkeypatch.setenv("PLAYGROUND_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("PLAYGROUND_CACHE", str(tmp_path / "cache"))

    def run(*argv: str) -> tuple[int, str, str]:
        status = main(list(argv))
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


@pytest.fixture
def prepared_corpus():
    """Return a function that prepares a built-in corpus by characters."""
    from playground.config import DataConfig
    from playground.prepare import prepare

    return lambda spec: prepare(DataConfig(corpus=spec, tokenizer="char"))


@pytest.fixture
def abab(tmp_path) -> str:
    """Return the path of a text in which a and b take turns."""
    path = tmp_path / "own.txt"
    path.write_text("abab" * 200)
    return str(path)


def pytest_terminal_summary(terminalreporter) -> None:
    """Say loudly which browser tests did not run."""
    reports = terminalreporter.stats.get("skipped", [])
    names = [report.nodeid for report in reports if SKIPPED in str(report.longrepr)]
    if names:
        terminalreporter.section("browser tests were skipped: no Chromium")
        terminalreporter.write_line("\n".join(names))
