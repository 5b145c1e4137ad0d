"""The Sample tab: talk to any run, the one that trains too, and see where each word comes from."""

from __future__ import annotations

import html
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from playground import runs
from playground.config import RunConfig
from playground.corpora import CORPORA
from playground.limits import limits
from playground.ui import messages
from playground.ui.compare_view import compare, through_time
from playground.ui.distribution import connect, pack_distribution
from playground.ui.models_in_memory import model_at, title_at
from playground.ui.opening import open_model
from playground.ui.run_choices import checkpoint_choices, run_choices, step_choices
from playground.ui.sample_address import REMEMBER, SHOW_TAB, opened
from playground.ui.sample_form import Comparing, Form, build_comparing, build_form
from playground.ui.writing import NO_RUN, write
from playground.ui.written_text import asking

REFRESH_SECONDS = 4
MOST_WRITING = 64
"""Who write at once; they take turns. Each has a thread while it does."""
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
LATEST: dict[str, Any] = {**QUIET, "queue": False, "trigger_mode": "always_last"}
CONTEXT_SHOWN = 30
TOKENS_SHOWN = 200
SAMPLE_CSS = (Path(__file__).parent / "static" / "sample" / "sample.css").read_text(encoding="utf-8")
WRITING = (gr.update(interactive=False), gr.update(interactive=True))
READY = (gr.update(interactive=True), gr.update(interactive=False))


def build_sample_tab(demo: gr.Blocks, train_run: gr.Dropdown) -> None:
    """Lay out the tab and wire it; it follows the run that the Train tab shows."""
    form, comparing = build_form(), build_comparing()
    connect(form.chart, *form.sliders)
    _wire_distribution(form, comparing, train_run)
    _wire_opening(form)
    _wire_writing(form)
    _wire_comparing(form, comparing)
    address = [form.step, form.prompt, *form.settings]
    demo.load(opened, None, address, js=SHOW_TAB, **QUIET)
    remembered: Any = [form.run, *address]
    gr.on([field.change for field in remembered], None, remembered, None, js=REMEMBER, queue=False, **QUIET)


def _wire_distribution(form: Form, comparing: Comparing, train_run: gr.Dropdown) -> None:
    seen = gr.State("")
    where = [form.run, form.step, form.prompt]
    shown = [form.chart, form.prompt_note, seen]
    gr.on([form.prompt.change, form.run.change, form.step.change], _distribution, where, shown, **LATEST)
    lists = [form.run, form.step, comparing.chosen]
    gr.Timer(REFRESH_SECONDS).tick(_refresh, [*where, seen], [*lists, *shown], **LATEST)
    train_run.change(_follow, train_run, form.run, **QUIET, queue=False)
    form.run.change(_suggest_prompt, [form.run, form.prompt], form.prompt, **QUIET, queue=False)
    form.run.input(_steps_of, form.run, form.step, **QUIET, queue=False)


def _wire_opening(form: Form) -> None:
    gr.on(
        [form.hub_open.click, form.hub_name.submit],
        open_model,
        form.hub_name,
        [form.run, form.step, form.hub_note],
        **QUIET,
    )


def _wire_writing(form: Form) -> None:
    inputs = [form.run, form.step, form.prompt, *form.settings, form.pace, form.asked]
    outputs = [form.output, form.output_note, form.copies, form.buttons["generate"], form.buttons["halt"]]
    halt = form.buttons["halt"]
    events = []
    for mode, button in form.buttons.items():
        if mode == "halt":
            continue
        triggers = [button.click, form.prompt.submit] if mode == "generate" else [button.click]
        if mode == "regenerate":  # with the next seed, beside what was written
            triggers = [
                button.click(lambda seed: (seed or 0) + 1, form.seed, form.seed, **QUIET, queue=False).then
            ]
        wiring: dict[str, Any] = {"concurrency_limit": MOST_WRITING, "concurrency_id": "writing", **QUIET}
        events += [on(_write, inputs, outputs, js=asking(mode), **wiring) for on in triggers]
    ready: dict[str, Any] = {"fn": lambda: READY, "outputs": [form.buttons["generate"], halt], "queue": False}
    for event in events:
        event.then(**ready, **QUIET)
    halt.click(**ready, **QUIET, cancels=events)


def _wire_comparing(form: Form, comparing: Comparing) -> None:
    comparing.go.click(
        compare,
        [
            comparing.chosen, comparing.varied, comparing.values,
            form.run, form.step, form.prompt, *form.settings,
        ],
        comparing.columns,
        **QUIET,
    )  # fmt: skip
    comparing.through.click(
        through_time, [form.run, form.prompt, *form.settings], [comparing.scrubber, comparing.note], **QUIET
    )


def _write(*values: Any) -> Iterator[tuple]:
    """Write, with Generate off and Stop on as it begins."""
    yield (*(gr.skip(),) * 3, *WRITING)
    for shown, note, copies in write(*values):
        yield gr.skip() if shown is None else shown, note, copies, gr.skip(), gr.skip()


def _follow(name: str | None) -> Any:
    return gr.update(choices=run_choices(runs.runs_root()), value=name)


def _steps_of(name: str | None) -> Any:
    choices = step_choices(runs.runs_root(), name)
    return gr.update(choices=choices, value=choices[0][1])


def _suggest_prompt(name: str | None, prompt: str) -> Any:
    """Put a prompt that fits the run into the box, unless the person has typed one."""
    suggestions = {suggestion for info in CORPORA.values() for suggestion in info.prompts}
    if prompt and prompt not in suggestions:
        return gr.skip()
    try:
        run = runs.find(runs.runs_root(), name or "")
        config = RunConfig.from_json((run / "config.json").read_text(encoding="utf-8"))
    except (runs.RunError, ValueError, OSError):
        return gr.skip()  # the run is gone or garbled, which is said beside the chart
    info = CORPORA.get(config.data.corpus.partition(":")[0])
    prompts = config.sample.prompts or (info.prompts if info else ())
    return prompts[0] if prompts else gr.skip()


def _distribution(name: str | None, step: int | None, prompt: str) -> tuple:
    """Return the next-token distribution after the prompt, the prompt's tokens, and what they belong to."""
    try:
        if not name:
            return None, messages.note(NO_RUN), ""
        limits().check("prompt_characters", len(prompt or ""), "The length of the prompt")
        talker = model_at(name, step)
        logits, tokens = talker.next_logits(talker.tokenizer.encode(prompt or ""))
        note = talker.prompt_note(prompt or "", tokens)
    except runs.NoCheckpointYetError as error:  # the page asks again by itself
        return None, messages.note(str(error)), ""
    except (ValueError, runs.RunError) as error:
        return None, messages.error(str(error)), ""
    end = prompt[-CONTEXT_SHOWN:] if prompt else ""
    context = f"after “{'…' if len(prompt or '') > CONTEXT_SHOWN else ''}{end}”" if end else "at the start"
    label = talker.tokenizer.label
    packed = pack_distribution(logits, label, context, talker.title, tokens)
    return packed, _chips([label(token) for token in tokens]) + messages.note(note), talker.title


def _chips(labels: list[str]) -> str:
    """Return the tokens of the prompt as HTML, the last ones of many."""
    shown = (f"<bdi>{html.escape(label)}</bdi>" for label in labels[-TOKENS_SHOWN:])
    count = f"<small>{len(labels):,} token{'s' if len(labels) != 1 else ''}</small>"
    return f'<div class="pg-prompt-tokens" data-testid="prompt-tokens">{count}{"".join(shown)}</div>'


def _refresh(name: str | None, step: int | None, prompt: str, seen: str) -> tuple:
    """Bring the lists up to date, and the distribution if its run has a newer checkpoint."""
    root = runs.runs_root()
    lists = (
        gr.update(choices=run_choices(root)),
        gr.update(choices=step_choices(root, name)),
        gr.update(choices=checkpoint_choices(root)),
    )
    try:
        if not name or title_at(name, step) == seen:
            return *lists, *(gr.skip(),) * 3
    except (ValueError, runs.RunError):
        return *lists, *(gr.skip(),) * 3
    return *lists, *_distribution(name, step, prompt)
