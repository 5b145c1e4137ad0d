"""Baselines for the command line: nats, bits per byte and perplexity, in sample and held out."""

from __future__ import annotations

import math
import tempfile
from typing import Any

import numpy as np

from playground.answers import said_of_answers
from playground.baselines import ORDER_NAMES, bigram_entropy, unigram_entropy
from playground.prepared import Prepared
from playground.token_files import release

COPIED_AT_ONCE = 4_000_000
"""Tokens."""

LINES = ("uniform", *ORDER_NAMES)


def whole_text(prepared: Prepared) -> dict[str, Any]:
    """Return the plug-in entropies of all splits together, one after the other, in nats per token."""
    d_vocab = prepared.tokenizer.d_vocab
    with tempfile.TemporaryFile() as file:  # mapped, so that memory does not grow with the text
        for tokens in prepared.tokens.values():
            for start in range(0, len(tokens), COPIED_AT_ONCE):
                file.write(tokens[start : start + COPIED_AT_ONCE].tobytes())
                release(tokens)
        file.flush()
        whole = np.memmap(file, prepared.train.dtype, mode="r")
        return {
            "whole_text": {
                "tokens": len(whole),
                "uniform": math.log(d_vocab),
                "unigram": unigram_entropy(whole, d_vocab),
                "bigram": bigram_entropy(whole, d_vocab),
            }
        }


def losses(values: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Return the lines of the table in nats, in sample and held out; uniform and floor hold for both."""
    in_sample = {name: values[name] for name in LINES if name in values}
    held_out = {"uniform": values["uniform"], **values["held_out"]}
    if values["floor"] is not None:
        held_out["floor"] = values["floor"]
    return {"in_sample": in_sample, "held_out": held_out}


def other_units(values: dict[str, Any]) -> dict[str, Any]:
    """Return the losses once more, in bits per byte of their split's text, and as perplexity per token."""
    bytes_per_token = {"in_sample": values["train_bytes_per_token"], "held_out": values["bytes_per_token"]}
    return {
        "bits_per_byte": {
            kind: {name: nats / math.log(2) / bytes_per_token[kind] for name, nats in lines.items()}
            for kind, lines in losses(values).items()
        },
        "perplexity": {
            kind: {name: math.exp(nats) for name, nats in lines.items()}
            for kind, lines in losses(values).items()
        },
    }


def baseline_table(values: dict[str, Any]) -> str:
    """Return the baselines as lines of text."""
    nats, units = losses(values), other_units(values)
    head = ("nats", "bits/byte", "perplexity")
    lines = [
        f"{values['train_tokens']:,} training tokens, {values['val_tokens']:,} held out, "
        f"d_vocab {values['d_vocab']:,}",
        f"{values['documents']:,} whole documents; {values['empty_dropped']:,} blank ones were left out",
        *filter(None, [said_of_answers(values)]),
        f"{'':14}{'in sample':^36}{'held out':^36}",
        f"{'per token':14}" + "".join(f"{name:>12}" for name in head * 2),
    ]
    for name in (*LINES, "floor"):
        cells = "".join(
            f"{nats[kind][name]:12.4f}{units['bits_per_byte'][kind][name]:12.4f}"
            f"{units['perplexity'][kind][name]:12.2f}" if name in nats[kind] else " " * 36
            for kind in ("in_sample", "held_out")
        )  # fmt: skip
        if cells.strip():
            lines.append(f"{name:14}{cells.rstrip()}")
    whole = values["whole_text"]
    lines.append(
        f"whole text, {whole['tokens']:,} tokens, in nats: uniform {whole['uniform']:.4f}, "
        f"unigram {whole['unigram']:.4f}, bigram {whole['bigram']:.4f}"
    )
    if values["counted_tokens"] < values["train_tokens"]:
        lines.append(
            f"held out, and from the trigram up: the first {values['counted_tokens']:,} training tokens"
        )
    return "\n".join(lines)
