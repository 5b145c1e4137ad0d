"""The button that tests learning rates: a test of the whole form, and how it goes."""

from __future__ import annotations

import json
from typing import Any

from playground.ui import messages
from playground.ui.lr_range_jobs import HIGHEST, LOWEST, TESTS, TRIALS, RangeTest
from playground.ui.lr_range_view import range_html
from playground.ui.progress_view import render_progress
from playground.ui.settings.component import Settings
from playground.ui.train_form import Form
from playground.ui.visitors import scoped


def range_look(token: Any) -> str:
    """Tell in JSON how far a test is: its picture, and whether it is over."""
    test = TESTS.find(scoped(str(token)))
    if not isinstance(test, RangeTest):
        said = messages.error(test) if test else render_progress("starting", None)
        return json.dumps({"html": said, "over": bool(test)})
    test.look()
    picture = range_html(test.trials, test.found, LOWEST, HIGHEST)
    if test.error:
        picture += messages.note(test.error) if test.error == "Cancelled." else messages.error(test.error)
    elif test.found is None:
        said = f"step {len(test.trials)} of at most {TRIALS}" if test.trials else "preparing the text"
        picture += render_progress(said, test.pace)
    return json.dumps({"html": picture, "over": not test.is_on})


def range_cancel(token: Any) -> None:
    """End a test."""
    test = TESTS.find(scoped(str(token)))
    if isinstance(test, RangeTest):
        test.cancel()


def wire_range(settings: Settings, form: list[Any]) -> None:
    """Begin a test when the script of the settings asks for one; form: all components that Form reads."""
    settings.click(_begin, form, None, show_progress="hidden", api_visibility="private", queue=False)


def _begin(*values: Any) -> None:
    token = json.loads(values[-1]).get("range")
    if token:
        TESTS.begin(scoped(str(token)), Form.read(values))
