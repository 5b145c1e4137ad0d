"""The Inspect tab: what a model expects at each token, where it looks, and what each layer would say.

One lasting element; its own script (static/inspect/) asks the functions here, which keep no state of a page.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import gradio as gr

from playground import runs
from playground.config import RunConfig
from playground.corpora import CORPORA
from playground.documents import document
from playground.prepared import load_prepared
from playground.run_text import is_elsewhere
from playground.sources import corpus_of
from playground.text_stream import text_of
from playground.ui.corpus_facts import Task
from playground.ui.counted_text import ask_counted
from playground.ui.inspect_answers import pack_attention, pack_batch, pack_counted, pack_lens, pack_scores
from playground.ui.models_in_memory import model_at
from playground.ui.opening import ask_opened, progress_words
from playground.ui.run_choices import default_run, run_choices

STATIC = Path(__file__).parent / "static"
FOLDER = STATIC / "inspect"
SCRIPTS = ("heat", "tables", "attention", "lens", "by_hand", "batch", "address", "inspect")
INSPECT_CSS = (FOLDER / "inspect.css").read_text(encoding="utf-8")

EXAMPLE_TOKENS, EXAMPLE_CHARACTERS = 150, 500

Answer = dict[str, Any]


def answering(function: Callable[[Answer], Answer]) -> Callable[[Any], str]:
    """Let a function answer a page in JSON, with "error" in one sentence for what can't be done."""

    def answer(request: Any) -> str:
        try:
            return json.dumps(function(request if isinstance(request, dict) else {}))
        except (ValueError, runs.RunError, OSError) as error:
            return json.dumps({"error": str(error)})

    answer.__name__, answer.__doc__ = function.__name__, function.__doc__
    return answer


@answering
def inspect_runs(request: Answer) -> Answer:
    """List the runs, the one to begin with, and the kept checkpoints of the one that is shown."""
    root = runs.runs_root()
    names = [name for _, name in run_choices(root)]
    chosen = str(request.get("run") or "")
    shown = chosen if chosen in names else default_run(root)
    return {
        "choices": run_choices(root),
        "run": shown,
        "steps": runs.checkpoints(root / shown) if shown else [],
    }


@answering
def inspect_open(request: Answer) -> Answer:
    """Open a model of Hugging Face as a run, and say how far that is until it is."""
    found = ask_opened(str(request.get("name") or ""))
    if isinstance(found, Task):
        return {"working": progress_words(found)}
    return {"run": found.name}


@answering
def inspect_example(request: Answer) -> Answer:
    """Return a text of the kind that a run learned from, held out where it has such."""
    return {"text": _example(runs.find(runs.runs_root(), str(request.get("run") or "")))}


def _example(run: Path) -> str:
    prepared = load_prepared(run) if runs.may_have_text(run) else None
    if prepared is not None:
        return text_of(prepared.tokenizer, document(prepared, "val", 0).tokens[:EXAMPLE_TOKENS].tolist())
    config = RunConfig.from_json((run / "config.json").read_text(encoding="utf-8"))
    if config.data.corpus.partition(":")[0] not in CORPORA or is_elsewhere(run, config):
        return " ".join(config.sample.prompts)
    text = "".join(islice(corpus_of(config.data).documents, 1))
    return text if len(text) <= EXAMPLE_CHARACTERS else text[:EXAMPLE_CHARACTERS].rpartition(" ")[0]


@answering
def inspect_scores(request: Answer) -> Answer:
    """Read a text with a checkpoint: each token's loss and what was expected."""
    return pack_scores(_loaded(request), _text(request))


@answering
def inspect_counted(request: Answer) -> Answer:
    """Tell what counting loses on the same text, once the training text is counted."""
    run = runs.find(runs.runs_root(), str(request.get("run") or ""))
    runs.require_text(run)
    folder = ask_counted(run)
    if isinstance(folder, Task):
        return {"working": folder.phase, "share": folder.share}
    return pack_counted(folder, _loaded(request), _text(request))


@answering
def inspect_attention(request: Answer) -> Answer:
    """Return all attention patterns on the beginning of a text, and what each head is for."""
    return pack_attention(_loaded(request), _text(request))


@answering
def inspect_lens(request: Answer) -> Answer:
    """Return what would be predicted after each layer."""
    return pack_lens(_loaded(request), _text(request))


@answering
def inspect_batch(request: Answer) -> Answer:
    """Read two texts in one padded batch, with its mask and without, and each alone."""
    side = "left" if request.get("side") == "left" else "right"
    return pack_batch(_loaded(request), _text(request), str(request.get("second") or ""), side)


def _loaded(request: Answer) -> Any:
    step = request.get("step")
    return model_at(str(request.get("run") or ""), step if isinstance(step, int) else None).loaded


def _text(request: Answer) -> str:
    return str(request.get("text") or "")


class Inspector(gr.HTML):
    """A text, a checkpoint, and the views of what the model does with it."""

    def __init__(self, **kwargs: Any) -> None:
        files = [STATIC / "token_model.js", *(FOLDER / f"{name}.js" for name in SCRIPTS)]
        super().__init__(
            None,
            html_template=(FOLDER / "inspect.html").read_text(encoding="utf-8"),
            js_on_load="\n".join(path.read_text(encoding="utf-8") for path in files),
            server_functions=[
                inspect_runs, inspect_example, inspect_scores,
                inspect_counted, inspect_attention, inspect_lens, inspect_batch, inspect_open,
            ],
            apply_default_css=False,
            **kwargs,
        )  # fmt: skip

    def api_info(self) -> dict[str, Any]:
        """Describe the value for the API page: there is none."""
        return {"type": "null", "description": "none"}


def build_inspect_tab() -> None:
    """Lay out the tab; its script does the rest."""
    Inspector(elem_id="inspector", padding=False)
