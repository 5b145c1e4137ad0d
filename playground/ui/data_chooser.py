"""The chooser of the text: where it comes from, how it is cut, split and batched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from playground.corpora import CORPORA
from playground.tokenizers import COURSE_ALPHABET
from playground.ui import messages
from playground.ui.data_form import (
    BATCH_CHOICES,
    CORPUS_CHOICES,
    OTHER_SPLIT,
    OWN_TEXT,
    SPLIT_CHOICES,
    TOKENIZER_CHOICES,
    DataForm,
)
from playground.ui.train_form import cut_of

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "queue": False}
ABOUT_OWN_TEXT = (
    "Any text: a book, a diary, a program. It is stored in the run's folder and goes nowhere else. "
    "To get under the bigram line a model must learn what is special about it."
)


@dataclass
class Chooser:
    """The components, those of the form in the order of DataForm."""

    form: list[Any]
    about: gr.HTML
    own_group: gr.Group
    shares: gr.Row

    def part(self, name: str) -> Any:
        """Return a component of the form by the name of its field."""
        return self.form[list(DataForm.__dataclass_fields__).index(name)]

    @property
    def tokenizer_parts(self) -> list[Any]:
        """The components of which one belongs to the kind of tokenizer."""
        return [self.part(name) for name in ("bpe_size", "alphabet", "hf_name")]


def build_chooser(start: DataForm) -> Chooser:
    """Lay out the chooser."""
    corpus = gr.Radio(
        CORPUS_CHOICES, value=start.corpus, label="Where the text comes from", elem_id="data-corpus"
    )
    about = gr.HTML(messages.note(about_text(start.corpus)), padding=False, elem_id="data-about")
    parameter = gr.Slider(0, 1, value=0, step=1, visible=False, elem_id="data-parameter")
    with gr.Group(visible=False) as own_group:
        own_text = gr.Textbox(label="Paste your text", lines=4, max_lines=10, elem_id="own-text")
        own_file = gr.File(
            label="… or upload a .txt file", file_types=[".txt"], height=125, elem_id="own-file"
        )
    cut, shares = _build_cut(start)
    return Chooser([corpus, parameter, own_text, own_file, *cut], about, own_group, shares)


def _build_cut(start: DataForm) -> tuple[list[Any], gr.Row]:
    tokenizer = gr.Dropdown(
        TOKENIZER_CHOICES, value=start.tokenizer, label="Tokenizer", elem_id="data-tokenizer"
    )
    size = gr.Slider(257, 8192, value=start.bpe_size, step=1, label="BPE vocabulary", elem_id="data-bpe-size")
    alphabet = gr.Textbox(
        label="Alphabet", placeholder=f"{COURSE_ALPHABET}  (40 symbols)", visible=False,
        info="Each character once; empty for the 40 symbols. Others become blanks.", elem_id="data-alphabet",
    )  # fmt: skip
    hf_name = gr.Textbox(
        label="Name on the Hub, or a folder", placeholder="Qwen/Qwen3-0.6B", visible=False,
        elem_id="data-hf-name",
    )  # fmt: skip
    with gr.Row():
        split = gr.Dropdown(
            SPLIT_CHOICES, value=start.split, label="Train / validation / test, %", min_width=170,
            elem_id="data-split",
        )  # fmt: skip
        seed = gr.Number(
            start.text_seed, label="Seed", precision=0, minimum=0, min_width=80, elem_id="data-seed"
        )
    with gr.Row(visible=False) as shares:
        val = gr.Number(start.val_percent, label="Validation, %", min_width=100, elem_id="data-val")
        test = gr.Number(start.test_percent, label="Test, %", min_width=100, elem_id="data-test")
    batches = gr.Radio(BATCH_CHOICES, value=start.batches, label="Batches", elem_id="data-batches")
    return [tokenizer, size, alphabet, hf_name, split, val, test, seed, batches], shares


def wire_chooser(chooser: Chooser, short: gr.Dropdown, preset: gr.Dropdown) -> list[Any]:
    """Keep the chooser, the short list of the Train tab and the preset in step; return what changes a text.

    A tab that was not opened yet sends no event of its own for a value that is set, so each event sets all.
    """
    before = gr.State(chooser.part("corpus").value)
    tokenizer = chooser.part("tokenizer")
    tokenizer.change(_which_tokenizer, tokenizer, chooser.tokenizer_parts, **QUIET)
    split = chooser.part("split")
    split.change(lambda chosen: gr.update(visible=chosen == OTHER_SPLIT), split, chooser.shares, **QUIET)
    cut = [tokenizer, *chooser.tokenizer_parts, chooser.part("batches")]
    shown = [
        chooser.part("corpus"), short, before, chooser.about, chooser.part("parameter"), chooser.own_group,
        *cut,
    ]  # fmt: skip
    chosen = [
        source.input(_choose, [source, before, preset, tokenizer], shown, **QUIET)
        for source in (chooser.part("corpus"), short)
    ]
    chosen.append(preset.input(_cut_of_preset, [preset, chooser.part("corpus")], cut, **QUIET))
    return chosen


def about_text(corpus: str) -> str:
    """Return the sentence on a source: what it is, and what a model must learn there."""
    return CORPORA[corpus].summary if corpus in CORPORA else ABOUT_OWN_TEXT


def _choose(name: str, before: str, preset: str, tokenizer: str) -> tuple:
    """Show what belongs to a source, and the tokenizer that suits it.

    One that the person chose stays, unless it only suited the source before.
    """
    info = CORPORA.get(name)
    parameter = info.parameter if info else None
    update = gr.update(visible=False)
    if parameter:
        update = gr.update(
            label=parameter.label, minimum=parameter.minimum, maximum=parameter.maximum,
            value=parameter.default, visible=True,
        )  # fmt: skip
    suits = info.tokenizer if info else ""
    suited = CORPORA[before].tokenizer if before in CORPORA else ""
    if suits:
        cut: tuple = (suits, *_which_tokenizer(suits), gr.skip())
    elif suited and tokenizer == suited:
        cut = _cut_of_preset(preset, name)
    else:
        cut = (gr.skip(),) * 5
    return (
        name,
        name,
        name,
        messages.note(about_text(name)),
        update,
        gr.update(visible=name == OWN_TEXT),
        *cut,
    )


def _cut_of_preset(preset: str, corpus: str) -> tuple:
    """Return the tokenizer and batches of a preset; a source that a tokenizer suits keeps it."""
    kind, size, batches = cut_of(preset)
    if corpus in CORPORA and CORPORA[corpus].tokenizer:
        return *(gr.skip(),) * 4, batches
    return kind, gr.update(value=size, visible=kind == "bpe"), *_which_tokenizer(kind)[1:], batches


def _which_tokenizer(kind: str) -> tuple:
    """Show the one component that belongs to a kind of tokenizer."""
    return tuple(gr.update(visible=kind == own) for own in ("bpe", "alphabet", "hf"))
