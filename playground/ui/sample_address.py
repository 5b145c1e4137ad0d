"""The state of the Sample tab in the page's address, so that a link shows the same; the tab that it opens."""

from __future__ import annotations

from typing import Any

import gradio as gr

KEYS = ("step", "prompt", "temp", "topk", "topp", "minp", "penalty", "length", "seed", "beams", "stop")

SHOW_TAB = """
() => {
  const linked = { sample: "Sample", inspect: "Inspect" };
  document.getElementById("tabs")?.addEventListener("click", ({ target }) => {
    const tab = target.closest('button[role="tab"]'), url = new URL(location.href);
    if (!tab) return;
    url.searchParams.delete("tab"); // reloading stays on the tab that is open
    const name = Object.keys(linked).find((name) => linked[name] === tab.textContent.trim());
    if (name) url.searchParams.set("tab", name);
    history.replaceState(history.state, "", url);
  });
  const wanted = linked[new URL(location.href).searchParams.get("tab")];
  if (!wanted) return;
  const isWanted = (tab) => tab.textContent.trim() === wanted && tab.offsetParent;
  const find = (within) => [...document.querySelectorAll(within)].find(isWanted);
  setTimeout(() => {
    const tab = find('#tabs button[role="tab"]');
    if (tab) return void tab.click();
    document.querySelector("#tabs .overflow-menu > button")?.click(); // of a narrow page
    setTimeout(() => find("#tabs .overflow-dropdown button")?.click(), 100);
  }, 300);
}
"""
"""A script, once the tabs are laid out: Gradio draws a tab twice that is selected before."""

LONGEST_LINKED = 1500
"""Characters of a text in an address; a longer one stays out of it."""

REMEMBER = """
(run, ...values) => {
  clearTimeout(window.pgRemember);
  window.pgRemember = setTimeout(() => {
    const tab = document.querySelector('#tabs button[role="tab"][aria-selected="true"]');
    if (tab?.textContent.trim() !== "Sample") return;
    const url = new URL(location.href), names = NAMES;
    url.searchParams.set("tab", "sample");
    if (run) url.searchParams.set("run", run);
    names.forEach((name, i) => {
      const value = String(values[i] ?? "");
      if (value.length > LONGEST) url.searchParams.delete(name);
      else url.searchParams.set(name, value);
    });
    history.replaceState(history.state, "", url);
  }, 200);
}
""".replace("NAMES", str(list(KEYS))).replace("LONGEST", str(LONGEST_LINKED))
"""A script; it waits until the person pauses, since browsers take few new addresses in a row."""


def opened(request: gr.Request) -> list[Any]:
    """Return what an address says of each field of KEYS; what it leaves out stays."""
    said = dict(request.query_params)
    return [_value(name, said.get(name)) for name in KEYS]


def _value(name: str, text: str | None) -> Any:
    if text is None:
        return gr.skip()
    if name in ("prompt", "stop"):
        return text
    try:
        return float(text) if name in ("temp", "topp", "minp", "penalty") else int(text)
    except ValueError:
        return gr.skip()  # a mistyped link keeps the field as it is
