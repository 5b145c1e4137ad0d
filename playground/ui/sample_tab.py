"""The Sample tab: talk to any run, the one that trains too, and see where each word comes from."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import gradio as gr

from playground import runs
from playground.config import RunConfig, SampleConfig
from playground.corpora import CORPORA
from playground.ui import messages
from playground.ui.distribution import Distribution, connect, pack_distribution
from playground.ui.form_values import number, whole
from playground.ui.models_in_memory import current_model
from playground.ui.run_choices import run_choices

YIELD_SECONDS = 0.05
"""Text is sent at most this often: a message for every token would fall behind the model."""

REFRESH_SECONDS = 4
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
LATEST: dict[str, Any] = {**QUIET, "queue": False, "trigger_mode": "always_last"}
HINT = "Temperature 0 takes the likeliest token; top-k 0 and top-p 1 keep all tokens."
CONTEXT_SHOWN = 30


def build_sample_tab(demo: gr.Blocks, train_run: gr.Dropdown) -> None:
    """Lay out the tab and wire it; it follows the run that the Train tab shows."""
    with gr.Row(elem_classes="pg-sample"):
        with gr.Column(scale=1, min_width=320):
            run = gr.Dropdown([], label="Run", elem_id="sample-run")
            prompt = gr.Textbox(label="Prompt", lines=2, max_lines=6, elem_id="prompt")
            prompt_note = gr.HTML(padding=False, elem_id="prompt-note")
            with gr.Row():
                go = gr.Button("Generate", variant="primary", elem_id="generate")
                halt = gr.Button("Stop", variant="stop", interactive=False, elem_id="halt")
            with gr.Row():
                length = gr.Slider(
                    1, 1000, 150, step=1, label="Length, in tokens", buttons=[], elem_id="length"
                )
                seed = gr.Number(
                    0, label="Seed (same seed, same text)", precision=0, minimum=0, elem_id="seed"
                )
            output = gr.Textbox(label="Text", lines=9, max_lines=16, buttons=["copy"], elem_id="output")
            output_note = gr.HTML(padding=False, elem_id="output-note")
        with gr.Column(scale=1, min_width=320):
            temperature, top_k, top_p = _build_sliders()
            gr.HTML(messages.note(HINT), padding=False)
            chart = Distribution(elem_id="distribution")
    connect(chart, temperature, top_k, top_p)
    seen = gr.State("")
    shown = [chart, prompt_note, seen]
    gr.on([prompt.change, run.change], _distribution, [run, prompt], shown, **LATEST)
    gr.Timer(REFRESH_SECONDS).tick(_refresh, [run, prompt, seen], [run, *shown], **LATEST)
    train_run.change(_follow, train_run, run, **QUIET, queue=False)
    run.change(_suggest_prompt, [run, prompt], prompt, **QUIET, queue=False)
    started = gr.on(
        [go.click, prompt.submit],
        lambda: (gr.update(interactive=False), gr.update(interactive=True)),
        None,
        [go, halt],
        **QUIET,
        queue=False,
    )
    generation = started.then(
        _generate,
        [run, prompt, temperature, top_k, top_p, length, seed],
        [output, output_note],
        concurrency_limit=4,
        **QUIET,
    )
    ready = {"fn": lambda: (gr.update(interactive=True), gr.update(interactive=False)), "outputs": [go, halt]}
    generation.then(**ready, **QUIET, queue=False)
    halt.click(**ready, **QUIET, queue=False, cancels=[generation])


def _build_sliders() -> tuple[gr.Slider, gr.Slider, gr.Slider]:
    with gr.Row(elem_classes="pg-sliders"):
        temperature = gr.Slider(
            0, 2, 0.8, step=0.01, label="Temperature", min_width=150, buttons=[], elem_id="temperature"
        )
        top_k = gr.Slider(0, 100, 0, step=1, label="Top-k", min_width=150, buttons=[], elem_id="top-k")
        top_p = gr.Slider(0, 1, 1, step=0.01, label="Top-p", min_width=150, buttons=[], elem_id="top-p")
    return temperature, top_k, top_p


def _follow(name: str | None) -> Any:
    return gr.update(choices=run_choices(runs.runs_root()), value=name)


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


def _distribution(name: str | None, prompt: str) -> tuple:
    """Return the next-token distribution after the prompt, a note on the prompt, and what they belong to."""
    try:
        if not name:
            return None, messages.note("There is no run yet: launch one on the Train tab."), ""
        loaded = current_model(name)
        tokens = loaded.tokenizer.encode(prompt or "")
        logits, tokens = loaded.next_logits(tokens)
        note = loaded.prompt_note(prompt or "", tokens)
    except (ValueError, runs.RunError) as error:
        return None, messages.error(str(error)), ""
    end = prompt[-CONTEXT_SHOWN:] if prompt else ""
    context = f"after “{'…' if len(prompt or '') > CONTEXT_SHOWN else ''}{end}”" if end else "at the start"
    packed = pack_distribution(logits, loaded.tokenizer.label, context, loaded.title)
    return packed, messages.note(note), loaded.title


def _refresh(name: str | None, prompt: str, seen: str) -> tuple:
    """Bring the list of runs up to date, and the distribution if its run has a newer checkpoint."""
    choices = gr.update(choices=run_choices(runs.runs_root()))
    try:
        if not name or current_model(name).title == seen:
            return choices, *(gr.skip(),) * 3
    except (ValueError, runs.RunError):
        return choices, *(gr.skip(),) * 3
    return choices, *_distribution(name, prompt)


def _generate(
    name: str | None, prompt: str, temperature: float, top_k: float, top_p: float, length: float, seed: float
) -> Iterator[tuple[str, str]]:
    """Yield the text so far and a note, at most every YIELD_SECONDS."""
    try:
        if not name:
            raise runs.RunError("There is no run yet: launch one on the Train tab.")
        settings = SampleConfig(
            max_tokens=whole("Length", length),
            temperature=number("Temperature", temperature),
            top_k=whole("Top-k", top_k),
            top_p=number("Top-p", top_p),
            seed=whole("Seed", seed),
        )
        loaded = current_model(name)
        began = last = time.perf_counter()
        text, count, slid = prompt or "", 0, False
        for count, (piece, has_slid) in enumerate(loaded.stream(prompt or "", settings), 1):
            text, slid = text + piece, slid or has_slid
            if time.perf_counter() - last >= YIELD_SECONDS:
                last = time.perf_counter()
                yield text, messages.note(f"{loaded.title} · {count} tokens")
    except (ValueError, runs.RunError) as error:
        yield prompt or "", messages.error(str(error))
        return
    speed = count / max(time.perf_counter() - began, 1e-9)
    notes = [loaded.title, f"{count} tokens, {speed:,.0f} per second"]
    if count < settings.max_tokens:
        notes.append("it ended the text itself")
    if slid:
        notes.append("the context was full, so its older half was forgotten")
    yield text, messages.note(" · ".join(notes))
