"""The Tokenize tab: see text cut into tokens as you type."""

from __future__ import annotations

import html
from functools import lru_cache
from typing import Any

import gradio as gr

from playground.corpora import CORPORA, load_corpus
from playground.tokenizers import Tokenizer, build_tokenizer
from playground.ui import messages
from playground.ui.token_view import count_tokens, render_table, render_tokens

LATEST: dict[str, Any] = {
    "show_progress": "hidden", "api_visibility": "private", "queue": False, "trigger_mode": "always_last",
}  # fmt: skip
MAX_CHARACTERS = 1_000_000
TRAINING_CHARACTERS = 4_000_000
"""BPE for this tab is learned from at most this much of a corpus, so that the slider answers soon."""

START = (
    "The little cat sat on the mat. 😀\n"
    "def greet(name):\n"
    '    return f"Hello, {name}!"  # 2026\n'
    "Once upon a time there was a girl named Zoë."
)


def build_tokenize_tab(demo: gr.Blocks) -> None:
    """Lay out the tab and wire it."""
    with gr.Row(elem_classes="pg-tokenize"):
        with gr.Column(scale=2, min_width=300):
            text = gr.Textbox(START, label="Text", lines=7, max_lines=14, elem_id="tokenize-text")
            kinds = [("Characters", "char"), ("Bytes", "byte"), ("BPE", "bpe")]
            kind = gr.Radio(kinds, value="bpe", label="Tokenizer", elem_id="tokenize-kind")
            size = gr.Slider(257, 8192, 1024, step=1, label="BPE vocabulary", elem_id="tokenize-size")
            corpora = [(info.title, name) for name, info in CORPORA.items()]
            corpus = gr.Dropdown(
                corpora, value=corpora[0][1], label="Learned from", elem_id="tokenize-corpus"
            )
        with gr.Column(scale=3, min_width=320):
            counts = gr.HTML(padding=False, elem_id="tokenize-counts")
            show_ids = gr.Checkbox(False, label="Show ids", container=False, elem_id="tokenize-ids")
            view = gr.HTML(padding=False, elem_id="tokenize-view")
            with gr.Accordion("Token by token", open=False):
                table = gr.HTML(padding=False)
    inputs = [text, kind, size, corpus]
    gr.on(
        [demo.load, *(component.change for component in inputs)],
        _tokenize,
        inputs,
        [counts, view, table],
        **LATEST,
    )
    kind.change(lambda chosen: _which(chosen), kind, [size, corpus], **LATEST)
    show_ids.change(lambda on: gr.update(elem_classes="pg-ids" if on else ""), show_ids, view, **LATEST)


def _which(kind: str) -> tuple:
    """Only BPE has a vocabulary size; bytes are learned from nothing."""
    return gr.update(visible=kind == "bpe"), gr.update(visible=kind != "byte")


@lru_cache(maxsize=32)
def corpus_tokenizer(spec: str, corpus: str) -> Tokenizer:
    """Return a tokenizer of a built-in corpus; kept, since it is the same for everybody."""
    documents, total = [], 0
    for document in load_corpus(corpus).documents:
        documents.append(document)
        total += len(document)
        if spec.startswith("bpe") and total >= TRAINING_CHARACTERS:
            break
    return build_tokenizer(spec, documents, end_token=False)


def _tokenize(text: str, kind: str, size: float, corpus: str) -> tuple[str, str, str]:
    if not text:
        return messages.note("Type some text, and it is cut into tokens as you type."), "", ""
    if len(text) > MAX_CHARACTERS:
        said = f"The text has {len(text):,} characters; this tab shows up to {MAX_CHARACTERS:,}."
        return messages.error(said), "", ""
    try:
        tokenizer = corpus_tokenizer(f"bpe:{int(size)}" if kind == "bpe" else kind, corpus)
    except ValueError as error:
        return messages.error(str(error)), "", ""
    ids = tokenizer.encode(text)
    counts = count_tokens(tokenizer, text, ids)
    tiles = (
        ("Tokens", f"{counts.tokens:,}"),
        ("Characters", f"{counts.characters:,}"),
        ("Bytes", f"{counts.bytes:,}"),
        ("Bytes per token", f"{counts.bytes_per_token:.2f}"),
    )
    summary = f"{messages.tiles(tiles)}{_note(tokenizer, text)}"
    return summary, render_tokens(tokenizer, ids), render_table(tokenizer, ids)


def _note(tokenizer: Tokenizer, text: str) -> str:
    unknown = tokenizer.unknown_characters(text)
    if not unknown:
        return ""
    listed = " ".join(unknown[:20]).encode("utf-8", "replace").decode()
    return f'<p class="pg-note">Not in the alphabet of this text, and left out: {html.escape(listed)}</p>'
