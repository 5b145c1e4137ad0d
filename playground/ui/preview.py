"""What is known before a launch: the size of the model and what counting alone can do on the text."""

from __future__ import annotations

from typing import Any

from playground.answers import of_answers, said_of_answers
from playground.config import ConfigError, RunConfig
from playground.long_documents import said_of_long
from playground.prepared import Prepared
from playground.ui import messages

Numbers = dict[str, Any]

MEANINGS = (
    ("uniform", "every token is equally likely"),
    ("unigram", "knows how common each token is"),
    ("bigram", "knows which token follows which"),
    ("5-gram", "knows the last four tokens"),
)


def preview_html(config: RunConfig, prepared: Prepared) -> str:
    """Return the card that is shown before launching."""
    numbers = prepared.baselines
    sizes = f"{numbers['train_tokens']:,} training tokens, {numbers['d_vocab']:,} in the vocabulary"
    return (
        f"{_warnings(config, prepared)}{messages.note(sizes)}{_said_of_text(config, prepared)}"
        f'<details class="pg-beat"><summary>Losses to beat</summary>{_table(numbers)}</details>'
    )


def _said_of_text(config: RunConfig, prepared: Prepared) -> str:
    """Return what of the text is not learned."""
    said = [said_of_answers(prepared.baselines)]
    if config.data.too_long != "split":
        said.append(said_of_long(prepared, config))
    return "".join(messages.note(sentence) for sentence in said if sentence)


def _table(numbers: Numbers) -> str:
    rows = []
    held_out = {"uniform": numbers["uniform"], **numbers["held_out"]}
    for name, meaning in MEANINGS:
        cells = "".join(
            f"<td>{values[name]:.3f}</td>" if name in values else "<td></td>"
            for values in (numbers, held_out)
        )
        rows.append(f'<tr><th scope="row">{name}<small>{meaning}</small></th>{cells}</tr>')
    if numbers["floor"] is not None:
        rows.append(
            '<tr><th scope="row">floor<small>nobody can do better on average</small></th>'
            f"<td></td><td>{numbers['floor']:.3f}</td></tr>"
        )
    return (
        f'<table class="pg-baselines"><caption>In nats per token{of_answers(numbers)}</caption>'
        '<thead><tr><th></th><th scope="col">in sample</th><th scope="col">held out</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
        '<p class="pg-note">In sample: counted on the training text itself, for the training loss. '
        "Held out: the same counting, smoothed, scored on text it has not seen, for the validation loss.</p>"
    )


def _warnings(config: RunConfig, prepared: Prepared) -> str:
    """Return what can't work, or is not as it was asked for."""
    kind, _, size = config.data.tokenizer.partition(":")
    try:
        check_rows(prepared, config)
    except ConfigError as error:
        return messages.error(str(error))
    d_vocab = prepared.tokenizer.d_vocab
    if kind == "bpe" and d_vocab < int(size):
        return messages.note(f"The text gives only {d_vocab:,} of the {int(size):,} tokens asked for.")
    return ""


def check_rows(prepared: Prepared, config: RunConfig) -> None:
    """Raise ConfigError if no batch can be made of a text."""
    n_tokens, n_ctx = len(prepared.train), config.model.n_ctx
    if config.data.batches == "padded":
        if not {"train", "val"} <= set(prepared.starts):
            raise ConfigError(
                "This text is not made of documents, so there is nothing to pad: choose packed."
            )
    elif n_tokens <= n_ctx:
        raise ConfigError(
            f"The training text has {n_tokens:,} tokens, too few for a context of {n_ctx:,}: "
            "choose a shorter context or more text."
        )
