"""The settings as one lasting element: its own script keeps the controls, Python says what they mean.

Its value is JSON: the preset, and the settings that differ from it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from playground.config import ConfigError, RunConfig
from playground.presets import PRESETS, preset
from playground.ui.schedule_view import schedule_svg
from playground.ui.settings.markup import form_html
from playground.ui.settings.table import DERIVED, SETTINGS
from playground.ui.settings.values import FOLLOW_LR, changed_config, over_limits, problems, values_of

FOLDER = Path(__file__).parent.parent / "static" / "settings"
SCRIPTS = ("settings.js", "range.js")
SETTINGS_CSS = (FOLDER / "settings.css").read_text(encoding="utf-8")


def look(request: Any) -> str:
    """Tell of a preset and changes, in JSON, what is wrong, what follows from them, and the schedule."""
    try:
        name, changes = read_settings(request)
        base = preset(name).config
    except ConfigError as error:
        return json.dumps({"errors": {"": str(error)}, "derived": {}, "schedule": ""})
    wrong = problems(base, changes)
    parts = {SETTINGS[key].part for key in wrong}
    config = changed_config(base, {k: v for k, v in changes.items() if SETTINGS[k].part not in parts})
    schedule = "" if parts & {"optim", "train"} else schedule_svg(config.optim, config.train.steps)
    wrong |= over_limits(config)
    derived = {key: v for key, v in derived_values(config).items() if SETTINGS[key].part not in parts}
    return json.dumps({"errors": wrong, "derived": derived, "schedule": schedule})


def read_settings(value: Any) -> tuple[str, dict[str, Any]]:
    """Return preset and changes of the element's value; raises ConfigError for what is none."""
    try:
        state = json.loads(value) if isinstance(value, str) else value
        name, changes = str(state["preset"]), dict(state["changes"])
    except (TypeError, ValueError, KeyError) as error:
        raise ConfigError("The settings of the page can't be read: reload it.") from error
    return name, {key: changed for key, changed in changes.items() if key in SETTINGS}


def settings_value(name: str, changes: dict[str, Any] | None = None) -> str:
    """Return the value of the element for a preset."""
    return json.dumps({"preset": name, "changes": changes or {}})


def derived_values(config: RunConfig) -> dict[str, Any]:
    """Return what stands in boxes that are left empty, and the rates that follow the learning rate."""
    model = config.model
    derived = {key: getattr(getattr(config, SETTINGS[key].part), SETTINGS[key].field) for key in DERIVED}
    derived["model.norm_eps"] = model.norm_eps or (1e-5 if model.norm == "layernorm" else 1e-6)
    derived["train.threads"] = config.train.threads or "measured"
    return derived | {key: getattr(config.optim, SETTINGS[key].field) for key in FOLLOW_LR}


class Settings(gr.HTML):
    """The form of all settings but those of the text."""

    def __init__(self, start: str, functions: Sequence[Callable] = (), **kwargs: Any) -> None:
        super().__init__(
            settings_value(start),
            html_template=form_html(),
            js_on_load="\n".join((FOLDER / name).read_text(encoding="utf-8") for name in SCRIPTS),
            server_functions=[look, *functions],
            apply_default_css=False,
            presets={
                name: {"title": each.title.partition(":")[0], "values": _plain(values_of(each.config))}
                for name, each in PRESETS.items()
            },
            derived=sorted(DERIVED),
            follow=list(FOLLOW_LR),
            **kwargs,
        )

    def api_info(self) -> dict[str, Any]:
        """Describe the value for the API page."""
        return {"type": "string", "description": "JSON: preset, and changes by key, as optim.lr"}


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}
