"""The chooser of the text: where it comes from, how it is cut, split and batched."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from playground.config import DataConfig
from playground.corpora import CORPORA
from playground.corpora.catalogue import STRING
from playground.corpora.readers import is_table
from playground.presets import preset as preset_of
from playground.tokenizers import COURSE_ALPHABET
from playground.ui import messages
from playground.ui.data_form import (
    BATCH_CHOICES,
    CORPUS_CHOICES,
    HUB,
    LONG_CHOICES,
    LOSS_CHOICES,
    MEMORISE,
    OTHER_SPLIT,
    OWN_TEXT,
    SPLIT_CHOICES,
    TOKENIZER_CHOICES,
    DataForm,
)
from playground.ui.data_values import (
    data_values,
    groups_seen,
    shown_updates,
    tokenizer_values,
    which_tokenizer,
)
from playground.ui.source_groups import (
    ABOUT,
    build_fields_group,
    build_hub_group,
    build_own_group,
    offered,
    preset_values,
    uploaded,
)

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "queue": False}


@dataclass
class Chooser:
    """The components, those of the form in the order of DataForm."""

    form: list[Any]
    about: gr.HTML
    groups: list[gr.Group]
    """Shown for own text, for a dataset of the Hub, and for what has columns."""
    hub_extras: list[Any]
    """Preset, button and message."""
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
    parameter = gr.Number(0, precision=0, visible=False, elem_id="data-parameter")
    string = gr.Textbox(label="The string", lines=2, visible=False, placeholder=STRING, elem_id="data-string")
    own_group, own = build_own_group()
    hub_group, hub, extras = build_hub_group()
    fields_group, fields = build_fields_group()
    cut, shares = _build_cut(start)
    form = [corpus, parameter, string, *own, *hub, *fields, *cut]
    return Chooser(form, about, [own_group, hub_group, fields_group], extras, shares)


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
    return [
        tokenizer,
        size,
        alphabet,
        hf_name,
        split,
        val,
        test,
        seed,
        batches,
        *_build_learned(start),
    ], shares


def _build_learned(start: DataForm) -> list[Any]:
    """Lay out what of each document is learned."""
    with gr.Row():
        loss_on = gr.Radio(
            LOSS_CHOICES, value=start.loss_on, label="Loss on", min_width=200, elem_id="data-loss-on"
        )
        too_long = gr.Dropdown(
            LONG_CHOICES, value=start.too_long, label="Longer than the context", min_width=160,
            elem_id="data-too-long",
        )  # fmt: skip
    answer_after = gr.Textbox(
        start.answer_after, label="The answer begins after", visible=start.loss_on == "answer",
        placeholder="Answer: ", elem_id="data-answer-after",
        info="Where this stands last. Empty: the answer is the template's last field.",
    )  # fmt: skip
    return [loss_on, answer_after, too_long]


def wire_chooser(chooser: Chooser, short: gr.Dropdown, preset: gr.Dropdown) -> list[Any]:
    """Keep the chooser, the short list of the Train tab and the preset in step; return what changes a text.

    A tab that was not opened yet sends no event of its own for a value that is set, so each event sets all.
    """
    before = gr.State(chooser.part("corpus").value)
    tokenizer = chooser.part("tokenizer")
    tokenizer.change(which_tokenizer, tokenizer, chooser.tokenizer_parts, **QUIET)
    loss_on, mark = chooser.part("loss_on"), chooser.part("answer_after")
    loss_on.change(lambda chosen: gr.update(visible=chosen == "answer"), loss_on, mark, **QUIET)
    split = chooser.part("split")
    split.change(lambda chosen: gr.update(visible=chosen == OTHER_SPLIT), split, chooser.shares, **QUIET)
    shown = [
        chooser.part("corpus"), short, before, chooser.about, chooser.part("parameter"),
        chooser.part("string"), *chooser.groups, *(chooser.part(name) for name in CUT),
    ]  # fmt: skip
    chosen = [
        source.input(_choose, [source, before, preset, tokenizer, chooser.part("own_file")], shown, **QUIET)
        for source in (chooser.part("corpus"), short)
    ]
    _wire_sources(chooser)
    whole = [*chooser.form, *chooser.groups, chooser.shares, chooser.about, short]
    chosen.append(preset.input(_text_of_preset, [preset, chooser.part("corpus")], whole, **QUIET))
    return chosen


def _wire_sources(chooser: Chooser) -> None:
    preset, button, message = chooser.hub_extras
    fields = [chooser.part("column"), chooser.part("template")]
    names = ("hub", "hub_config", "hub_split", "max_documents", "max_megabytes")
    hub = [chooser.part(name) for name in names]
    preset.input(preset_values, preset, [*hub, *fields, message], **QUIET)
    button.click(offered, hub[:3], [*hub[1:3], fields[0], message], api_visibility="private")
    own_file = chooser.part("own_file")
    own_file.change(uploaded, own_file, [chooser.groups[2], *fields], **QUIET)


def about_text(corpus: str) -> str:
    """Return the sentence on a source: what it is, and what a model must learn there."""
    return CORPORA[corpus].summary if corpus in CORPORA else ABOUT[corpus]


def _choose(name: str, before: str, preset: str, tokenizer: str, own_file: str | None) -> tuple:
    """Show what belongs to a source, and the tokenizer that suits it.

    One that the person chose stays, unless it only suited the source before.
    """
    info = CORPORA.get(name)
    parameter = info.parameter if info else None
    update = gr.update(visible=False)
    if parameter:
        label = f"{parameter.label}, {parameter.minimum} to {parameter.maximum}"
        update = gr.update(label=label, value=parameter.default, visible=True)
    suits = info.tokenizer if info else ""
    suited = CORPORA[before].tokenizer if before in CORPORA else ""
    if suits:
        cut: tuple = (suits, *which_tokenizer(suits), *(gr.skip(),) * (len(CUT) - 4))
    elif suited and tokenizer == suited:
        cut = tuple(_cut_of_preset(preset, name).values())
    else:
        cut = (gr.skip(),) * len(CUT)
    has_columns = name == HUB or (name == OWN_TEXT and bool(own_file) and is_table(Path(own_file or "")))
    groups = [gr.update(visible=shown) for shown in (name == OWN_TEXT, name == HUB, has_columns)]
    string = gr.update(visible=name == MEMORISE)
    return name, name, name, messages.note(about_text(name)), update, string, *groups, *cut


def _cut_of_preset(preset: str, corpus: str) -> dict[str, Any]:
    """Return updates by name of how a preset cuts a text; a source that a tokenizer suits keeps it."""
    data = preset_of(preset).config.data
    values = tokenizer_values(data.tokenizer)
    kind = values.pop("tokenizer")
    cut: dict[str, Any] = dict.fromkeys(CUT, gr.skip())
    if not (corpus in CORPORA and CORPORA[corpus].tokenizer):
        cut |= zip(CUT[:4], (kind, *which_tokenizer(kind)), strict=True)
        cut |= {name: {**cut[name], "value": value} for name, value in values.items()}
    answers = gr.update(value=data.answer_after, visible=data.loss_on == "answer")
    return cut | {
        "batches": data.batches,
        "loss_on": data.loss_on,
        "answer_after": answers,
        "too_long": data.too_long,
    }


CUT = ("tokenizer", "bpe_size", "alphabet", "hf_name", "batches", "loss_on", "answer_after", "too_long")
"""What a preset says of how a text is cut, by the names of DataForm."""


def _text_of_preset(preset: str, corpus: str) -> list[Any]:
    """Return updates of the whole form for a preset that brings a text; else of how the text is cut."""
    data, names = preset_of(preset).config.data, list(DataForm.__dataclass_fields__)
    if data.corpus == DataConfig().corpus:
        cut = _cut_of_preset(preset, corpus)
        return [cut.get(name, gr.skip()) for name in names] + [gr.skip()] * 6
    values = data_values(data, Path())
    updates = shown_updates(values)
    about = messages.note(about_text(values["corpus"]))
    return [*(updates[name] for name in names), *groups_seen(values), about, values["corpus"]]
