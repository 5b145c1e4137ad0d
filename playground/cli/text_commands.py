"""Commands about text: corpora, tokenize, baselines."""

from __future__ import annotations

import dataclasses
import json
import sys
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from playground.cli.arguments import CorporaArgs, DocumentsArgs, TextArgs, TokenizeArgs, parse

if TYPE_CHECKING:
    from playground.glance import Glance


def corpora(argv: Sequence[str]) -> int:
    """List the built-in corpora and some of the Hub."""
    args = parse(CorporaArgs, argv, "corpora")
    from playground.corpora import CORPORA
    from playground.corpora.hub_catalogue import HUB_PRESETS

    rows = [
        *(
            {"name": c.name, "from": "built in", "title": c.title, "summary": c.summary}
            for c in CORPORA.values()
        ),
        *(
            {"name": h.hub, "from": "hub", "title": h.title, "summary": h.summary}
            for h in HUB_PRESETS.values()
        ),
    ]
    if args.json:
        print(json.dumps(rows, indent=1))
        return 0
    for row in rows:
        flag = "--hub" if row["from"] == "hub" else "--corpus"
        print(f"{flag} {row['name']}\n{textwrap.indent(textwrap.fill(row['summary'], 96), INDENT)}")
    return 0


INDENT = "    "


def documents(argv: Sequence[str]) -> int:
    """Show the first documents of a text and their lengths."""
    args = parse(DocumentsArgs, argv, "documents")
    from playground.glance import glance, token_lengths
    from playground.sources import stream_of
    from playground.tokenizers import build_tokenizer

    seen = glance(stream_of(args.source()), n_shown=args.show)
    tokenizer = build_tokenizer(args.data.tokenizer, seen.read, end_token=False)
    tokens = token_lengths(seen.read, tokenizer)
    if args.json:
        values = dataclasses.asdict(seen) | {"tokens": dataclasses.asdict(tokens)}
        del values["read"]
        print(json.dumps(values, indent=1))
        return 0
    for document in seen.documents:
        print(f"{document}\n{'-' * 20}")
    print(_in_words(seen))
    for unit, of in (("characters", seen.characters), ("tokens", tokens)):
        print(
            f"{unit:10} from {of.smallest:,} to {of.largest:,}, median {of.median:,.0f}, mean {of.mean:,.1f}"
        )
        most = max(of.counts, default=1)
        for low, high, count in zip(of.edges[:-1], of.edges[1:], of.counts, strict=True):
            print(f"{low:>12,} to {high - 1:>12,} {count:>8,}  {'█' * round(BAR * count / most)}")
    return 0


BAR = 40
"""Characters of the longest bar."""


def _in_words(seen: Glance) -> str:
    if not seen.whole_documents:
        return "One text." if seen.is_all else "One text, of which this is the beginning."
    number = f"{'All' if seen.is_all else 'The first'} {seen.characters.count:,} documents"
    return f"{number}; {seen.empty_dropped:,} blank ones are left out."


def tokenize(argv: Sequence[str]) -> int:
    """Cut text into tokens."""
    args = parse(TokenizeArgs, argv, "tokenize")
    from playground.sources import corpus_of
    from playground.tokenizers import build_tokenizer

    text = args.input or sys.stdin.read()
    tokenizer = build_tokenizer(args.data.tokenizer, corpus_of(args.source()).documents, end_token=False)
    ids = [int(i) for i in tokenizer.encode(text)]
    if args.json:
        print(json.dumps([{"id": i, "bytes": tokenizer.piece(i).hex(" ")} for i in ids]))
    else:
        for i in ids:
            print(f"{i:7d}  {tokenizer.piece(i).hex(' '):24} {tokenizer.label(i)}")
        n_bytes = len(text.encode())
        print(
            f"{len(ids)} tokens, {len(text)} characters, {n_bytes} bytes, "
            f"{n_bytes / max(1, len(ids)):.2f} bytes per token"
        )
    unknown = tokenizer.unknown_characters(text)
    if unknown:
        print(f"Left out, not in the alphabet: {unknown!r}", file=sys.stderr)
    return 0


def baselines(argv: Sequence[str]) -> int:
    """Print what counting alone can do on a text."""
    args = parse(TextArgs, argv, "baselines")
    from playground.cli.baseline_table import baseline_table, other_units, whole_text
    from playground.cli.progress import progress_bar
    from playground.prepare import prepare

    with progress_bar() as report:
        prepared = prepare(args.source(), report=report)
    values = prepared.baselines | whole_text(prepared)
    if args.json:
        print(json.dumps(values | other_units(values), indent=1))
    else:
        print(baseline_table(values))
    return 0
