"""Commands about text: corpora, tokenize, baselines."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from playground.cli.arguments import CorporaArgs, TextArgs, TokenizeArgs, parse


def corpora(argv: Sequence[str]) -> int:
    """List the built-in corpora."""
    args = parse(CorporaArgs, argv, "corpora")
    from playground.corpora import CORPORA

    rows = [{"name": c.name, "title": c.title, "summary": c.summary} for c in CORPORA.values()]
    print(
        json.dumps(rows, indent=1) if args.json else "\n".join(f"{r['name']:18} {r['summary']}" for r in rows)
    )
    return 0


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
    from playground.cli.progress import progress_bar
    from playground.prepare import prepare

    with progress_bar() as report:
        values = prepare(args.source(), report=report).baselines
    if args.json:
        print(json.dumps(values, indent=1))
        return 0
    print(
        f"{values['train_tokens']:,} training tokens, {values['val_tokens']:,} held out, "
        f"d_vocab {values['d_vocab']:,}"
    )
    print(f"{'nats per token':16} {'in sample':>10} {'held out':>10}")
    print(f"{'uniform':16} {values['uniform']:10.4f} {values['uniform']:10.4f}")
    for name in ("unigram", "bigram", "trigram"):
        print(f"{name:16} {values[name]:10.4f} {values['held_out'][name]:10.4f}")
    if values["floor"] is not None:
        print(f"{'floor (exact)':16} {'':10} {values['floor']:10.4f}")
    return 0
