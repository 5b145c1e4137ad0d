"""The Tokenize tab: one lasting element that cuts text as it is typed, and compares ways to cut it.

Its own script (static/token*.js) asks the functions here; they keep no state of a page.
"""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from playground.corpora import CORPORA, CorpusInfo
from playground.tokenizers import BPETokenizer
from playground.ui.chosen_texts import keep, title_of
from playground.ui.corpus_facts import Facts, Task, ask_facts, ask_merge_counts, baseline_rows
from playground.ui.data_form import DataForm
from playground.ui.token_view import name_merge, pack_numbers, pack_tokens
from playground.ui.tokenizer_choices import (
    KINDS,
    LARGEST_VOCABULARY,
    SMALLEST_VOCABULARY,
    choice_of,
    n_merges,
    tokenizer_for,
    whole_bpe,
)
from playground.ui.vocabulary_view import page_of, zipf_points

STATIC = Path(__file__).parent / "static"
SCRIPTS = (
    "token_model.js",
    "token_pane.js",
    "token_table.js",
    "token_corpus.js",
    "token_zipf.js",
    "tokenize.js",
)

START = (
    "The little cat sat on the mat. 😀\n"
    "def greet(name):\n"
    '    return f"Hello, {name}!"  # 2026\n'
    "Once upon a time there was a girl named Zoë."
)

Answer = dict[str, Any]


def answering(function: Callable[[Answer], Answer]) -> Callable[[Any], str]:
    """Let a function answer a page in JSON, with "error" in one sentence for what can't be done."""

    def answer(request: Any) -> str:
        try:
            return json.dumps(function(request if isinstance(request, dict) else {}))
        except ValueError as error:
            return json.dumps({"error": str(error)})

    answer.__name__, answer.__doc__ = function.__name__, function.__doc__
    return answer


@answering
def cut(request: Answer) -> Answer:
    """Cut a text: its tokens, and for BPE the merge that was made last."""
    choice = choice_of(request)
    tokenizer = tokenizer_for(choice)
    answer = pack_tokens(tokenizer, str(request.get("text") or ""))
    if choice.kind == "bpe" and isinstance(tokenizer, BPETokenizer):
        whole, number = whole_bpe(choice.corpus), len(tokenizer.merges)
        answer["merge"] = {"number": number, "of": len(whole.merges), "asked": n_merges(choice)}
        if number:
            answer["merge"] |= name_merge(whole, number)
    return answer


@answering
def merges(request: Answer) -> Answer:
    """Tell how many places of the corpus each merge joined, once they are counted."""
    counts = ask_merge_counts(choice_of(request).corpus)
    return _working(counts) if isinstance(counts, Task) else {"counts": counts}


@answering
def facts(request: Answer) -> Answer:
    """Tell the baselines of a corpus and how common its tokens are, once they are counted."""
    found = ask_facts(choice_of(request))
    if isinstance(found, Task):
        return _working(found)
    prepared = found.prepared
    return {
        "rows": baseline_rows(prepared),
        "d_vocab": prepared.tokenizer.d_vocab,
        "n_tokens": len(prepared.train),
        "bytes_per_token": prepared.bytes_per_token,
        "lossless": found.lossless,
        "counts": pack_numbers(found.counts),
        "zipf": zipf_points(prepared.tokenizer, found.counts),
    }


@answering
def vocabulary(request: Answer) -> Answer:
    """Return a page of the vocabulary, with counts if they are known already or asked for."""
    choice = choice_of(request)
    found = ask_facts(choice) if request.get("counted") else None
    page = request.get("page")
    counts = found.counts if isinstance(found, Facts) else None
    tokenizer = found.prepared.tokenizer if isinstance(found, Facts) else tokenizer_for(choice)
    return page_of(tokenizer, str(request.get("query") or ""), page if isinstance(page, int) else 0, counts)


def _working(task: Task) -> Answer:
    return {"working": task.phase, "share": task.share}


class TokenizeLab(gr.HTML):
    """Text, the tokenizers that cut it, and what is known of them; the value is the text of the Data tab."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            "",
            html_template=_template(),
            js_on_load="\n".join((STATIC / name).read_text(encoding="utf-8") for name in SCRIPTS),
            server_functions=[cut, merges, facts, vocabulary],
            apply_default_css=False,
            smallest=SMALLEST_VOCABULARY,
            largest=LARGEST_VOCABULARY,
            start=START,
            **kwargs,
        )

    def api_info(self) -> dict[str, Any]:
        """Describe the value for the API page."""
        return {"type": "string", "description": "name and title of the text of the Data tab, as JSON"}


def offer(form: DataForm) -> str:
    """Return the value that offers the text of the Data tab."""
    return json.dumps({"name": keep(form), "title": title_of(form)})


def _template() -> str:
    pane = (STATIC / "token_pane.html").read_text(encoding="utf-8")
    kinds = "".join(f'<option value="{kind}">{html.escape(title)}</option>' for kind, title in KINDS)
    corpora = "".join(_option(info) for info in CORPORA.values())
    page = (STATIC / "tokenize.html").read_text(encoding="utf-8")
    panes = "".join(pane.replace("PANE", name) for name in ("a", "b"))
    return page.replace("PANES", panes).replace("KINDS", kinds).replace("CORPORA", corpora)


def _option(info: CorpusInfo) -> str:
    given = ""
    if (number := info.parameter) is not None:
        given = (
            f' data-label="{html.escape(number.label)}" data-min="{number.minimum}"'
            f' data-max="{number.maximum}" data-usual="{number.default}"'
        )
    return f'<option value="{info.name}"{given}>{html.escape(info.title)}</option>'


def build_tokenize_tab() -> TokenizeLab:
    """Lay out the tab; its script does the rest."""
    return TokenizeLab(elem_id="tokenize-lab", padding=False)
