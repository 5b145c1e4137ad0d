"""How far the chosen text is, for both tabs: what goes on, what went wrong, or that it is ready."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from typing import Any

import gradio as gr

from playground.admission import check_config
from playground.config import ConfigError
from playground.prepare import prepare_corpus
from playground.prepared import Prepared
from playground.splits import Report
from playground.ui import messages
from playground.ui.data_form import HUB, OWN_TEXT, DataForm
from playground.ui.estimate_view import estimate_html, vocabulary_of, with_vocabulary
from playground.ui.machine_watch import MACHINE
from playground.ui.preparing import Job, Jobs
from playground.ui.preview import preview_html
from playground.ui.progress_view import render_progress
from playground.ui.start_choice import with_start_shape
from playground.ui.train_form import Form

JOBS = Jobs()
PATIENCE_SECONDS = 0.25
"""A text that is ready within this long is shown without a progress bar before it."""

TYPING_SECONDS = 0.6
"""What is typed, a text or the name of a dataset, is taken up once it has stayed the same for this long."""

EMPTY = {
    OWN_TEXT: "Paste some text or upload a file in the Data tab, and its numbers appear here.",
    HUB: "Name a dataset of the Hugging Face Hub in the Data tab, and its numbers appear here.",
}
CANCELLED = "Cancelled. Nothing half-made is left."


@dataclass(frozen=True)
class Sight:
    """What a look at the chosen text shows."""

    status: str
    """For the Data tab; nothing for a text that is ready."""
    preview: str
    """For the Train tab."""
    button: str = ""
    """What the button says: Cancel, Prepare, or nothing."""
    ready: str = ""
    """The key of a text that is ready."""
    estimate: str = ""
    """What the run would take, as far as it is known."""


def look(form: Form, visitor: str) -> Sight:
    """Return how far the text of a form is, and what a run of it would take."""
    sight = _look(form, visitor)
    return dataclasses.replace(sight, estimate=_estimate(form, prepared_of(sight.ready)))


def _estimate(form: Form, prepared: Prepared | None) -> str:
    """Return the figures of a run; nothing for settings that can't work, or a vocabulary yet unknown."""
    try:
        config = with_start_shape(form.config())
    except ValueError:  # which is said at the control and in the preview
        return ""
    d_vocab = prepared.tokenizer.d_vocab if prepared else vocabulary_of(config.data.tokenizer)
    if not d_vocab:
        return ""
    tokens = len(prepared.train) if prepared else 0
    machine = MACHINE.ask()
    return estimate_html(with_vocabulary(config, d_vocab), tokens, machine, MACHINE.is_measuring)


def _look(form: Form, visitor: str) -> Sight:
    """Look at the text; it begins to be prepared if nobody has asked for it before."""
    if form.data.is_empty:
        said = messages.note(EMPTY[form.data.corpus])
        return Sight(said, said)
    try:
        key = form.data.key()
    except ConfigError as error:
        said = messages.error(str(error))
        return Sight(said, said)
    job = JOBS.watch(visitor, key, lambda report: _prepare(form.data, report))
    if job is not None:
        job.done.wait(PATIENCE_SECONDS)
    if job is None or job.given_up.is_set():
        return Sight(messages.note(CANCELLED), messages.note(CANCELLED), "Prepare")
    return _sight(form, job, key)


def _sight(form: Form, job: Job, key: str) -> Sight:
    if not job.done.is_set():
        progress = render_progress(job.phase, job.pace)
        return Sight(progress, progress, "Cancel")
    if job.prepared is None:
        said = messages.error(job.error)
        return Sight(said, said, "Try again")
    try:
        check_config(form.stored_config())
        preview = preview_html(with_start_shape(form.config()), job.prepared)
    except ValueError as error:  # of the model or over the limits, which the Data tab does not show
        preview = messages.error(str(error))
    return Sight("", preview, ready=key)


def _prepare(form: DataForm, report: Report) -> Prepared:
    if form.is_pasted or form.corpus == HUB:
        until = time.monotonic() + TYPING_SECONDS
        while time.monotonic() < until:
            report("reading the text", 0, 0)  # raises if more was typed meanwhile
            time.sleep(0.05)
    return prepare_corpus(form.text(report), form.config(), report)


def prepared_of(key: str) -> Prepared | None:
    """Return a text that is ready, None if it is no longer remembered."""
    job = JOBS.jobs.get(key)
    return job.prepared if job else None


def wait_for(form: DataForm, visitor: str, seconds: float) -> Prepared | None:
    """Return the text of a form, or None if it takes longer; raises ConfigError if it can't be prepared."""
    job = JOBS.watch(visitor, form.key(), lambda report: _prepare(form, report))
    if job is None or not job.done.wait(seconds):
        return None
    if job.prepared is None:
        raise ConfigError(job.error)
    return job.prepared


def cancel_or_retry(button: str, form: Form, visitor: str) -> Sight:
    """Do what the button says, and look again."""
    if button == "Cancel":
        JOBS.cancel(visitor, form.data.key())
    else:
        JOBS.retry(visitor, form.data.key())
    return look(form, visitor)


def visitor_of(request: gr.Request | None) -> str:
    """Return the name of a visitor's page."""
    return str(request.session_hash) if request else ""


def updates(sight: Sight) -> tuple[Any, ...]:
    """Return what goes to status, button, preview, timer, key and estimate."""
    button = gr.update(value=sight.button or "Cancel", visible=bool(sight.button))
    timer = gr.Timer(active=sight.button == "Cancel" or MACHINE.is_measuring)
    return sight.status, button, sight.preview, timer, sight.ready, sight.estimate
