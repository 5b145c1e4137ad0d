"""The HTML of the settings form, made from the table."""

from __future__ import annotations

import html

from playground.ui.settings.table import DERIVED, GROUPS, Group, Setting

# A template of gr.HTML takes these for places to fill in.
_NEUTRAL = str.maketrans({c: f"&#{ord(c)};" for c in "${}`\\"})

PICTURES = {
    "schedule": '<div data-part="schedule"></div>',
    "optimizer": '<div class="pg-set-range"><button type="button" data-part="find-rate">Find a learning rate'
    '</button><div data-part="range" role="status"></div></div>',
}
"""What stands at the head of a group."""


def form_html() -> str:
    """Return the whole form: what differs from the preset, then the groups, folded."""
    groups = "".join(_group(group) for group in GROUPS)
    return (
        '<div class="pg-settings" data-testid="settings">'
        '<div class="pg-set-changed" data-part="changed" hidden></div>'
        f'<p class="pg-note" data-part="difference"></p>{groups}</div>'
    )


def _group(group: Group) -> str:
    settings = "".join(_setting(setting) for setting in group.settings)
    return (
        f'<details class="pg-set-group" data-group="{group.name}">'
        f'<summary><span>{_text(group.title)}</span><small data-part="summary"></small></summary>'
        f"<div>{PICTURES.get(group.name, '')}{settings}</div></details>"
    )


def _setting(setting: Setting) -> str:
    name = f"set-{setting.key.replace('.', '-')}"
    needs = f' data-needs="{setting.needs}"' if setting.needs else ""
    return (
        f'<div class="pg-set pg-set-{setting.kind}" data-key="{setting.key}" data-kind="{setting.kind}"'
        f' data-label="{_text(setting.label)}"{needs}>'
        f'<label for="{name}">{_text(setting.label)} <code>{setting.field}</code></label>'
        f'<button type="button" class="pg-set-reset" hidden>↺</button>'
        f"{_control(setting, name)}"
        f'<p class="pg-set-help" id="{name}-help">{_text(setting.help)}</p>'
        '<p class="pg-set-error" role="alert" hidden></p></div>'
    )


def _control(setting: Setting, name: str) -> str:
    common = f'id="{name}" aria-describedby="{name}-help"'
    if setting.kind == "choice":
        options = "".join(f"<option>{_text(choice)}</option>" for choice in setting.choices)
        return f"<select {common}>{options}</select>"
    if setting.kind == "bool":
        return f'<input type="checkbox" {common}>'
    if setting.kind == "lines":
        return f'<textarea rows="2" placeholder="one a line" {common}></textarea>'
    if setting.kind == "text":
        return f'<input type="text" {common}>'
    derived = " data-derived" if setting.key in DERIVED else ""
    step = "1" if setting.kind == "int" else "any"
    return f'<input type="number" step="{step}" inputmode="decimal" {common}{derived}>'


def _text(text: str) -> str:
    return html.escape(text).translate(_NEUTRAL)
