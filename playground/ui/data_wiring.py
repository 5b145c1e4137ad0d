"""What happens when something in the Data tab, or what it depends on in the Train tab, is changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from playground.ui import messages
from playground.ui.data_chooser import wire_chooser
from playground.ui.data_tab import DataTab
from playground.ui.data_views import MAX_BATCH, show_batch, show_counting, show_document, show_lengths
from playground.ui.text_watch import JOBS, cancel_or_retry, look, updates, visitor_of
from playground.ui.tokenize_tab import TokenizeLab, offer
from playground.ui.train_form import Form

POLL_SECONDS = 0.5
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "queue": False}
LATEST: dict[str, Any] = {**QUIET, "trigger_mode": "always_last"}
# Only an event of the queue tells the page that it has changed a gr.State.
STATEFUL: dict[str, Any] = {**QUIET, "queue": True, "concurrency_limit": None}


@dataclass
class TrainSide:
    """What the Train tab has that depends on the text."""

    form: list[Any]
    """In the order of Form, after the text."""
    short: gr.Dropdown
    chosen: gr.HTML
    preset: gr.Dropdown
    preset_applied: Any
    """The event after which the settings are those of a preset."""
    preview: gr.HTML
    estimate: gr.HTML
    look_for: gr.HTML
    monitor: gr.HTML


def wire_data(demo: gr.Blocks, tab: gr.Tab, data: DataTab, train: TrainSide, lab: TokenizeLab) -> None:
    """Wire the Data tab, and what the Train tab and the Tokenize tab know of the text."""
    form = [*data.chooser.form, *train.form]
    ready, timer = gr.State(""), gr.Timer(POLL_SECONDS, active=False)
    seen = [data.status, data.button, train.preview, timer, ready, train.estimate, train.chosen]
    chosen = wire_chooser(data.chooser, train.short, train.preset)
    changes = [part.change for part in form if part is not data.chooser.part("corpus")]
    gr.on([demo.load, timer.tick, *changes], _look, form, seen, trigger_mode="always_last", **STATEFUL)
    for event in (*chosen, train.preset_applied):
        event.then(_look, form, seen, **STATEFUL)
    data.button.click(_press, [data.button, *form], seen, **STATEFUL)
    demo.unload(_leave)
    ready.change(_offer, [ready, *form], lab, **LATEST)
    opened = gr.State(False)
    tab.select(lambda: True, None, opened, **STATEFUL)
    _wire_views(data, [opened, ready], form, tab)


def _wire_views(data: DataTab, text: list[gr.State], form: list[Any], tab: gr.Tab) -> None:
    views, anew = data.views, [state.change for state in text]
    shown = [views.baselines, views.sizes, views.common]
    gr.on([*anew, views.unit.change], show_counting, [*text, views.unit], shown, **LATEST)
    gr.on(anew, show_lengths, text, views.lengths, **LATEST)
    where, document = [*text, views.split, views.number], [views.number, views.document]
    gr.on([*anew, views.split.change, views.number.change], show_document, where, document, **LATEST)
    views.before.click(lambda number: max(1, (number or 1) - 1), views.number, views.number, **QUIET)
    views.after.click(lambda number: (number or 1) + 1, views.number, views.number, **QUIET)
    batch = gr.State(0)
    views.first.click(lambda: 0, None, batch, **STATEFUL)
    views.next.click(lambda number: min(number + 1, MAX_BATCH), batch, batch, **STATEFUL)
    changes = [part.change for part in form[len(data.chooser.form) :]]
    changes += [*anew, batch.change, tab.select, data.chooser.part("batches").change]
    changes.append(data.chooser.part("too_long").change)
    gr.on(changes, show_batch, [*text, batch, *form], views.batch, **LATEST)


def _look(request: gr.Request, *values: Any) -> tuple:
    form = Form.read(values)
    return *updates(look(form, visitor_of(request))), messages.note(form.data.summary())


def _offer(ready: str, *values: Any) -> Any:
    """Offer a text that is ready to the Tokenize tab; what was offered stays until there is another."""
    return offer(Form.read(values).data) if ready else gr.skip()


def _press(request: gr.Request, button: str, *values: Any) -> tuple:
    form = Form.read(values)
    return *updates(cancel_or_retry(button, form, visitor_of(request))), messages.note(form.data.summary())


def _leave(request: gr.Request) -> None:
    JOBS.leave(visitor_of(request))
