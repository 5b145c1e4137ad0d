"""axe-core on every tab, light and dark: nothing serious."""

from __future__ import annotations

import shutil
from pathlib import Path

import axe_playwright_python
import pytest

from playground.bench.processes import serving

ROOT = Path(__file__).parent.parent
AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"
SERIOUS = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  return violations.filter(({ impact }) => ["serious", "critical"].includes(impact))
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`);
}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """An app that has the demo run to show."""
    folder = tmp_path_factory.mktemp("axe") / "runs"
    shutil.copytree(ROOT / "checkpoints" / "demo", folder / "demo")
    with serving(ROOT / "app.py", folder) as (url, _):
        yield url


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_any_tab(browser, address, theme):
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.goto(f"{address}?run=demo&__theme={theme}")
    page.wait_for_function("document.querySelector('.pg-monitor')?.__monitor?.updates > 0", timeout=90_000)
    page.evaluate(
        "document.querySelectorAll('.pg-monitor details.pg-mon-more').forEach((d) => (d.open = true))"
    )
    page.add_script_tag(path=str(AXE))
    found = {}
    for tab in page.get_by_role("tab").all():
        tab.click()
        page.wait_for_timeout(1500)
        found[tab.inner_text()] = page.evaluate(SERIOUS)
    page.close()
    assert len(found) >= 4
    assert not any(found.values()), found
