"""What is known before a launch: the size of the model and what counting alone can do on the text."""

from __future__ import annotations

import dataclasses
from functools import lru_cache
from typing import Any

from playground.accounting import count_parameters
from playground.config import DataConfig, ModelConfig, RunConfig
from playground.corpora import Corpus, load_corpus
from playground.prepare import prepare_corpus
from playground.ui import messages

Numbers = dict[str, Any]

MEANINGS = (
    ("uniform", "every token is equally likely"),
    ("unigram", "knows how common each token is"),
    ("bigram", "knows which token follows which"),
)


@lru_cache(maxsize=16)
def built_in_numbers(data: DataConfig) -> Numbers:
    """Return the baselines of a built-in text; kept, since they are the same for everybody."""
    return prepare_corpus(load_corpus(data.corpus, data.text_seed), data).baselines


def numbers_of(data: DataConfig, corpus: Corpus | None) -> Numbers:
    """Return the baselines of a text: a person's own one is counted afresh and never kept."""
    if corpus is None:
        return built_in_numbers(data)
    return prepare_corpus(corpus, data).baselines


def preview_html(config: RunConfig, numbers: Numbers) -> str:
    """Return the card that is shown before launching."""
    model = dataclasses.replace(config.model, d_vocab=numbers["d_vocab"])
    tokens_per_step = config.train.batch_size * config.train.accumulate * model.n_ctx
    epochs = config.train.steps * tokens_per_step / numbers["train_tokens"]
    figures = (
        ("Parameters", f"{count_parameters(model)['total']:,}"),
        ("Training tokens", f"{numbers['train_tokens']:,}"),
        ("Vocabulary", f"{numbers['d_vocab']:,}"),
        ("Epochs", f"{epochs:.1f}" if epochs < 100 else f"{epochs:,.0f}"),
    )
    return f"{messages.tiles(figures)}{_table(numbers)}{_warnings(model, config, numbers)}"


def _table(numbers: Numbers) -> str:
    rows = []
    for name, meaning in MEANINGS:
        held_out = numbers["uniform"] if name == "uniform" else numbers["held_out"][name]
        rows.append(
            f'<tr><th scope="row">{name}<small>{meaning}</small></th>'
            f"<td>{numbers[name]:.3f}</td><td>{held_out:.3f}</td></tr>"
        )
    if numbers["floor"] is not None:
        rows.append(
            '<tr><th scope="row">floor<small>nobody can do better on average</small></th>'
            f"<td></td><td>{numbers['floor']:.3f}</td></tr>"
        )
    return (
        '<table class="pg-baselines"><caption>Losses to beat, in nats per token</caption>'
        '<thead><tr><th></th><th scope="col">in sample</th><th scope="col">held out</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
        '<p class="pg-note">In sample: counted on the training text itself, for the training loss. '
        "Held out: the same counting, smoothed, scored on text it has not seen, for the validation loss.</p>"
    )


def _warnings(model: ModelConfig, config: RunConfig, numbers: Numbers) -> str:
    kind, _, size = config.data.tokenizer.partition(":")
    if kind == "bpe" and numbers["d_vocab"] < int(size):
        text = f"The text gives only {numbers['d_vocab']:,} of the {int(size):,} tokens asked for."
    elif numbers["train_tokens"] <= model.n_ctx:
        text = (
            f"The training text has {numbers['train_tokens']:,} tokens, fewer than one context of "
            f"{model.n_ctx:,} and its target: choose a shorter context or more text."
        )
    else:
        return ""
    return f'<p class="pg-note">{text}</p>'
