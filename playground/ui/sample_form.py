"""The fields of the Sample tab, laid out; sample_tab.py wires them."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from playground.ui import messages
from playground.ui.distribution import Distribution
from playground.ui.living_list import LivingList
from playground.ui.run_choices import NEWEST
from playground.ui.written_text import FOLDER, WrittenText

HINT = "Temperature 0 takes the likeliest token; top-k 0, top-p 1, min-p 0 and penalty 1 change nothing."
VARIED = {
    "Temperature": "temperature",
    "Top-k": "top_k",
    "Top-p": "top_p",
    "Min-p": "min_p",
    "Repetition penalty": "repetition_penalty",
    "Seed": "seed",
    "Beams": "beams",
}
"""Settings that columns may differ in."""

PACES = [("as fast as it comes", False), ("at reading speed", True)]


@dataclass(frozen=True)
class Form:
    """What the tab is made of."""

    run: gr.Dropdown
    step: gr.Dropdown
    hub_name: gr.Textbox
    hub_open: gr.Button
    hub_note: gr.HTML
    prompt: gr.Textbox
    prompt_note: gr.HTML
    buttons: dict[str, gr.Button]
    """By what they ask for: generate, continue, regenerate, branch; and halt."""
    length: gr.Slider
    seed: gr.Number
    beams: gr.Number
    stop: gr.Textbox
    pace: gr.Radio
    asked: gr.Textbox
    output: WrittenText
    output_note: gr.HTML
    copies: gr.HTML
    sliders: list[gr.Slider]
    chart: Distribution

    @property
    def settings(self) -> list[gr.components.Component]:
        """The fields that writing.settings_of reads, in its order."""
        return [*self.sliders, self.length, self.seed, self.beams, self.stop]


def build_form() -> Form:
    """Lay out the first screen: prompt and text on the left, sliders and bars on the right."""
    with gr.Row(elem_classes="pg-sample"):
        with gr.Column(scale=1, min_width=320):
            left = _build_left()
        with gr.Column(scale=1, min_width=320):
            sliders = _build_sliders()
            gr.HTML(messages.note(HINT), padding=False)
            chart = Distribution(elem_id="distribution")
    return Form(**left, sliders=sliders, chart=chart)


def _build_left() -> dict:
    with gr.Row():
        run = LivingList([], label="Run", elem_id="sample-run", min_width=200, scale=3)
        step = LivingList(
            [("newest", NEWEST)],
            value=NEWEST,
            label="Checkpoint",
            elem_id="sample-step",
            min_width=120,
            scale=2,
        )
    prompt = gr.Textbox(label="Prompt", lines=2, max_lines=6, elem_id="prompt")
    prompt_note = gr.HTML(padding=False, elem_id="prompt-note")
    buttons = _build_buttons()
    output = WrittenText(elem_id="output")
    output_note = gr.HTML(padding=False, elem_id="output-note")
    copies = gr.HTML(padding=False, elem_id="copies")
    asked = gr.Textbox(visible="hidden", elem_id="asked", container=False)
    return {
        "run": run, "step": step, "prompt": prompt, "prompt_note": prompt_note, "buttons": buttons,
        "output": output, "output_note": output_note, "copies": copies, "asked": asked,
        **_build_rest(), **_build_hub(),
    }  # fmt: skip


def _build_hub() -> dict:
    with gr.Accordion("Open a Hugging Face model", open=False, elem_id="hub-model"):
        with gr.Row(equal_height=True):
            name = gr.Textbox(
                label="Name on the Hub, or a folder",
                placeholder="Qwen/Qwen3-0.6B",
                lines=1,
                max_lines=1,
                elem_id="hub-name",
                min_width=180,
                scale=3,
            )
            button = gr.Button("Open", elem_id="hub-open", min_width=90)
        note = gr.HTML(padding=False, elem_id="hub-note")
    return {"hub_name": name, "hub_open": button, "hub_note": note}


def _build_rest() -> dict:
    with gr.Row():
        length = gr.Slider(
            1, 1000, 150, step=1, label="Length, in tokens", buttons=[], min_width=150, elem_id="length"
        )
        seed = gr.Number(
            0, label="Seed (same seed, same text)", precision=0, minimum=0, min_width=150, elem_id="seed"
        )
        beams = gr.Number(
            1, label="Beams (1: draw by chance)", precision=0, minimum=1, maximum=16, min_width=150,
            elem_id="beams",
        )  # fmt: skip
        stop = gr.Textbox(
            label="Stop before, | between several",
            placeholder="\\n\\n | The end",
            lines=1,
            min_width=150,
            elem_id="stop-before",
        )
    pace = gr.Radio(PACES, value=False, label="Words appear", elem_id="pace")
    return {"length": length, "seed": seed, "beams": beams, "stop": stop, "pace": pace}


def _build_buttons() -> dict[str, gr.Button]:
    with gr.Row(elem_classes="pg-buttons"):
        buttons = {
            "generate": gr.Button("Generate", variant="primary", elem_id="generate", min_width=90),
            "halt": gr.Button("Stop", variant="stop", interactive=False, elem_id="halt", min_width=90),
            "continue": gr.Button("Continue", elem_id="continue", min_width=90),
            "regenerate": gr.Button("Regenerate", elem_id="regenerate", min_width=90),
        }
    buttons["branch"] = gr.Button("Branch", visible="hidden", elem_id="say-branch")
    return buttons


def _build_sliders() -> list[gr.Slider]:
    bounds = [
        ("Temperature", "temperature", 0, 2, 0.8, 0.01),
        ("Top-k", "top-k", 0, 100, 0, 1),
        ("Top-p", "top-p", 0, 1, 1, 0.01),
        ("Min-p", "min-p", 0, 1, 0, 0.01),
        ("Repetition penalty", "penalty", 0.5, 2, 1, 0.01),
    ]
    with gr.Row(elem_classes="pg-sliders"):
        return [
            gr.Slider(low, high, value, step=step, label=label, min_width=150, buttons=[], elem_id=elem_id)
            for label, elem_id, low, high, value, step in bounds
        ]


@dataclass(frozen=True)
class Comparing:
    """The folded parts: columns side by side, and one prompt through time."""

    chosen: gr.Dropdown
    varied: gr.Dropdown
    values: gr.Textbox
    go: gr.Button
    columns: gr.HTML
    through: gr.Button
    scrubber: gr.HTML
    note: gr.HTML


def build_comparing() -> Comparing:
    """Lay out the folded parts under the first screen."""
    with gr.Accordion("Compare: same prompt, same seed, side by side", open=False, elem_id="compare"):
        with gr.Row(equal_height=True):
            chosen = LivingList(
                [],
                multiselect=True,
                label="Checkpoints, of any run (none: the one above)",
                elem_id="compare-with",
                min_width=280,
                scale=2,
            )
            varied = gr.Dropdown(
                list(VARIED), value="Temperature", label="Setting that differs", elem_id="compare-setting"
            )
            values = gr.Textbox(
                label="Its values", placeholder="as above; or 0, 0.7, 1.2", elem_id="compare-values"
            )
            go = gr.Button("Compare", elem_id="compare-go", min_width=120)
        columns = gr.HTML(padding=False, elem_id="compare-columns")
    with gr.Accordion("Through time: this prompt at every kept checkpoint", open=False, elem_id="through"):
        through = gr.Button("Write at every checkpoint", elem_id="through-go")
        note = gr.HTML(padding=False, elem_id="through-note")
        scrubber = gr.HTML(
            None,
            html_template=(FOLDER / "scrubber.html").read_text(encoding="utf-8"),
            js_on_load=(FOLDER / "scrubber.js").read_text(encoding="utf-8"),
            apply_default_css=False,
            elem_id="scrubber",
        )
    return Comparing(chosen, varied, values, go, columns, through, scrubber, note)
