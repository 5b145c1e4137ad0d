"""The panel under the list of runs: evaluate one run or two, export one, push it to the Hub."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from playground import runs
from playground.files import read_json_lines
from playground.limits import limits, way_out
from playground.pace import Pace
from playground.ui import messages
from playground.ui.downloads import place_for
from playground.ui.evaluating.child import ChildError, follow
from playground.ui.evaluating.results_view import answers_html, figures_html, history_html
from playground.ui.form_values import whole
from playground.ui.progress_view import render_progress
from playground.ui.run_choices import checkpoint_choices

QUESTIONS, TEXT = "Answers to questions", "Loss of a text"
TEMPLATE = "Question: {question}\\nAnswer: {answer}"
PRIVATE: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


def build_evaluating() -> None:
    """Lay out the panel and wire it."""
    with gr.Accordion("Evaluate and export", open=False, elem_id="evaluating") as panel:
        with gr.Row():
            chosen = gr.Dropdown([], label="Checkpoint", elem_id="evaluate-run")
            other = gr.Dropdown([], label="Compare with, as before tuning", elem_id="evaluate-other")
        with gr.Tabs():
            with gr.Tab("Evaluate"):
                _evaluate(chosen, other)
            with gr.Tab("Export"):
                _export(chosen)
    panel.expand(_choices, None, [chosen, other], queue=False, **PRIVATE)


def _evaluate(chosen: gr.Dropdown, other: gr.Dropdown) -> None:
    kind = gr.Radio([QUESTIONS, TEXT], value=QUESTIONS, label="Measure", elem_id="evaluate-kind")
    with gr.Group() as questions:
        with gr.Row():
            file = gr.File(
                label="Questions with answers: .jsonl, .csv, .tsv or .parquet",
                height=110,
                elem_id="evaluate-file",
                file_types=[".jsonl", ".ndjson", ".csv", ".tsv", ".parquet"],
            )  # fmt: skip
            template = gr.Textbox(
                TEMPLATE,
                label="Template",
                info="The last field is the answer; #### stands before its number",
                lines=2,
            )
        with gr.Row():
            shots = gr.Number(0, label="Examples before each", precision=0, minimum=0)
            most = gr.Number(100, label="Questions, at most", precision=0, minimum=1)
            longest = gr.Number(128, label="Tokens of an answer", precision=0, minimum=1)
    text = gr.Textbox(label="Text", lines=5, visible=False, elem_id="evaluate-text")
    with gr.Row():
        start = gr.Button("Evaluate", variant="primary", elem_id="evaluate-start")
        cancel = gr.Button("Cancel", elem_id="evaluate-cancel")
    result = gr.HTML(padding=False, elem_id="evaluate-result")
    with gr.Accordion("Earlier evaluations of this run", open=False) as earlier:
        history = gr.HTML(padding=False)
    kind.change(_shown, kind, [questions, text], queue=False, **PRIVATE)
    inputs = [chosen, other, kind, file, template, shots, most, longest, text]
    running = start.click(evaluate, inputs, result, concurrency_limit=1, concurrency_id="evaluate", **PRIVATE)
    cancel.click(lambda: messages.note("Cancelled."), None, result, cancels=[running], queue=False, **PRIVATE)
    for event in (earlier.expand, chosen.change):
        event(_history, chosen, history, queue=False, **PRIVATE)


def _export(chosen: gr.Dropdown) -> None:
    with gr.Row():
        with gr.Column():
            pack = gr.Button("Export as a Hugging Face folder (.zip)", elem_id="export-pack")
            archive = gr.File(label="Folder", visible=False, interactive=False, elem_id="export-file")
        with gr.Column():
            name = gr.Textbox(label="Name on the Hub", placeholder="USER/NAME", elem_id="export-name")
            token = gr.Textbox(
                label="Your Hub token", type="password", info="Used once, not kept", elem_id="export-token"
            )
            push = gr.Button("Push to the Hub", elem_id="export-push")
    said = gr.HTML(padding=False, elem_id="export-said")
    options: dict[str, Any] = {"concurrency_limit": 1, "concurrency_id": "evaluate", **PRIVATE}
    pack.click(export, chosen, [said, archive], **options)
    push.click(push_to_hub, [chosen, name, token], [said, token], **options)


def _choices() -> tuple[Any, Any]:
    found = checkpoint_choices(runs.runs_root())
    return gr.Dropdown(found, value=found[0][1] if found else None), gr.Dropdown(
        [("nothing", ""), *found], value=""
    )


def _shown(kind: str) -> tuple[Any, Any]:
    return gr.update(visible=kind == QUESTIONS), gr.update(visible=kind == TEXT)


def _history(chosen: str | None) -> str:
    try:
        run = runs.find(runs.runs_root(), (chosen or "").rpartition("@")[0])
    except runs.RunError:
        return ""
    return history_html(read_json_lines(run / "evaluations.jsonl")[0]) or messages.note("None yet.")


def evaluate(
    chosen: str | None, other: str | None, kind: str, file: str | None, template: str,
    shots: float | None, most: float | None, longest: float | None, text: str | None,
) -> Iterator[str]:  # fmt: skip
    """Yield how far the evaluation is, then what it found or why there is none."""
    folder = Path(tempfile.mkdtemp(prefix="playground-evaluate-"))
    try:
        what = _questions(file, template, shots, most, longest) if kind == QUESTIONS else _text(text, folder)
        yield from _followed(_targets(chosen, other), what)
    except (ValueError, runs.RunError) as error:
        yield messages.error(str(error))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _questions(
    file: str | None, template: str, shots: float | None, most: float | None, longest: float | None
) -> list[str]:
    if not file:
        raise ChildError("Choose a file of questions with their answers first.")
    n_tokens = whole("Tokens of an answer", longest)
    limits().check("sample_tokens", n_tokens, "Tokens of an answer")
    flags = {
        "--shots": whole("Examples before each", shots),
        "--max-questions": whole("Questions, at most", most),
        "--max-tokens": n_tokens,
    }
    named = [f"{flag}={value}" for flag, value in flags.items()]
    return [f"--questions={file}", f"--template={template or TEMPLATE}", *named]


def _text(text: str | None, folder: Path) -> list[str]:
    if not (text or "").strip():
        raise ChildError("Paste a text first.")
    limits().check("text_characters", len(text or ""), "The length of the text")
    path = folder / "pasted text.txt"
    path.write_text(text or "", encoding="utf-8", errors="ignore")
    return [f"--text={path}"]


def _targets(chosen: str | None, other: str | None) -> list[str]:
    """Return RUN@STEP of what was chosen, the one to compare with first."""
    if not chosen:
        raise ChildError("There is no checkpoint yet: train a model first.")
    names = [other, chosen] if other and other != chosen else [chosen]
    for name in names:
        runs.find(runs.runs_root(), name.rpartition("@")[0])
    return [name.removesuffix("@-1") for name in names]


def _followed(targets: list[str], what: list[str]) -> Iterator[str]:
    records: list[dict[str, Any]] = []
    pace, shown = Pace(), render_progress("loading the model", None)
    yield shown
    for lines in follow("evaluate", "--run", *targets, *what, "--json"):
        records += [line for line in lines if "kind" in line]
        if steps := [line for line in lines if "done" in line]:
            last = steps[-1]
            phase = f"{last['run']}: {last['unit']} {last['done']:,} of {last['total']:,}"
            shown = render_progress(phase, pace.at(last["run"], last["done"], last["total"]))
            yield shown
    yield results(records)


def results(records: list[dict[str, Any]]) -> str:
    """Return what was found, with the wrong answers that the runs keep."""
    root = runs.runs_root()
    answers = [
        read_json_lines(runs.find(root, record["run"]) / "evaluations" / f"{record['id']}.jsonl")[0]
        for record in records
        if record["kind"] == "answers"
    ]
    titles = [f"{record['run']}, step {record['step']}" for record in records]
    return figures_html(records) + (answers_html(titles, answers) if answers else "")


def export(chosen: str | None) -> Iterator[tuple[str, Any]]:
    """Yield how far it is, then the zip to fetch, or why there is none."""
    try:
        target, step = _target(chosen)
        place = place_for(f"{target}.zip")
        yield render_progress("exporting", None), gr.update(visible=False)
        for _ in follow("export", "--run", target, *step, "--out", str(place)):
            pass
    except (ValueError, runs.RunError, OSError) as error:
        yield messages.error(str(error)), gr.update(visible=False)
        return
    yield messages.note(f"{target} is ready to be fetched."), gr.update(value=str(place), visible=True)


def push_to_hub(chosen: str | None, name: str, token: str) -> Iterator[tuple[str, str]]:
    """Yield how far it is, then where the model is or why it isn't; the token leaves the page at once."""
    try:
        if limits().public:
            raise ChildError(f"Nothing is pushed from here: strangers share it. {way_out()}")
        if not (token or "").strip():
            raise ChildError("Type the token of your Hub account first: one that may write.")
        target, step = _target(chosen)
        yield render_progress("pushing", None), ""
        flags = ("--run", target, *step, f"--push={(name or '').strip()}")
        for _ in follow("export", *flags, token=token.strip()):
            pass
    except (ValueError, runs.RunError) as error:
        yield messages.error(str(error)), ""
        return
    yield messages.note(f"{target} is on the Hub as {name.strip()}."), ""


def _target(chosen: str | None) -> tuple[str, list[str]]:
    (target,) = _targets(chosen, None)
    name, at, step = target.rpartition("@")
    return (name, [f"--step={step}"]) if at else (target, [])
