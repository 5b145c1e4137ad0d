"""Threats 3 and 4: text that becomes markup, code of strangers that is run."""

from __future__ import annotations

import ast
import urllib.parse

import pytest

from playground import runs
from tests.app_process import ROOT
from tests.hand_made import Stranger
from tests.security import HOSTILE


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
