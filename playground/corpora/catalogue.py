"""The built-in corpora by name: text that every Python carries, and sources whose law is known.

A spec is a name, or for some sources a name and a number, as in markov:3. A synthetic source knows -ln P of
each document under its law, whose mean is the floor that no model can beat.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from playground.corpora import brackets, induction, markov, modular
from playground.corpora.corpus import Corpus, UnknownCorpus
from playground.corpora.python_text import reference_documents, source_documents
from playground.corpora.toy_stories import generate_stories

Generate = Callable[[int, int, int], tuple[tuple[str, ...], np.ndarray]]
"""Takes the number of texts, the parameter and the seed; returns texts and nats."""

N_TOY_STORIES = 5000
"""Stories in the corpus toy-stories: about 2.3 MB."""


@dataclass(frozen=True)
class Parameter:
    """The one number that a synthetic source can be given, as in markov:3."""

    label: str
    minimum: int
    maximum: int
    default: int


@dataclass(frozen=True)
class CorpusInfo:
    """What is known of a corpus before it is loaded."""

    name: str
    title: str
    summary: str
    """What it is, and what a model must learn to get under the baselines there."""
    prompts: tuple[str, ...]
    """Fixed prompts that fit the text, completed again and again during training."""
    load: Callable[[int, int], Corpus]
    """Takes the seed and the parameter; text that is not synthetic is the same for every seed."""
    parameter: Parameter | None = None
    tokenizer: str = ""
    """The spec that suits the source, where one does."""


def corpus_info(spec: str) -> CorpusInfo:
    """Return what is known of a corpus; raises UnknownCorpus if there is none of that name."""
    return CORPORA[parse_spec(spec)[0]]


def parse_spec(spec: str) -> tuple[str, int]:
    """Return name and parameter (0 for a corpus without one); raises UnknownCorpus naming what is wrong."""
    name, colon, value = spec.partition(":")
    if name not in CORPORA:
        raise UnknownCorpus(f"There is no corpus named {name!r}: choose one of {', '.join(CORPORA)}.")
    parameter = CORPORA[name].parameter
    if parameter is None and colon:
        raise UnknownCorpus(f"The corpus {name} has no parameter, but {spec!r} gives it one.")
    if parameter is None or not colon:
        return name, parameter.default if parameter else 0
    if not value.isdecimal() or not parameter.minimum <= int(value) <= parameter.maximum:
        raise UnknownCorpus(
            f"{parameter.label} must be a whole number from {parameter.minimum} to {parameter.maximum}, "
            f"but {spec!r} says {value!r}."
        )
    return name, int(value)


def load_corpus(spec: str, seed: int = 0) -> Corpus:
    """Return the corpus of a spec; raises UnknownCorpus if there is none."""
    return _load(*parse_spec(spec), seed)


@functools.lru_cache(maxsize=4)
def _load(name: str, parameter: int, seed: int) -> Corpus:
    return CORPORA[name].load(seed, parameter)


def _from_documents(name: str, documents: Iterable[str]) -> Corpus:
    """Drop and count the documents with nothing but blanks (the library has many empty __init__.py)."""
    read = tuple(documents)
    kept = tuple(document for document in read if document.strip())
    return Corpus(name, kept, empty_dropped=len(read) - len(kept))


def _load_toy_stories(seed: int, parameter: int) -> Corpus:
    stories, nats = generate_stories(N_TOY_STORIES, seed)
    return Corpus("toy-stories", stories, nats)


def _synthetic(name: str, n: int, generate: Generate) -> Callable[[int, int], Corpus]:
    def load(seed: int, parameter: int) -> Corpus:
        return Corpus(f"{name}:{parameter}", *generate(n, parameter, seed))

    return load


STRING = "My cat reads the paper every morning and then tells the dog all about it."
N_COPIES = 40


def string_corpus(string: str) -> Corpus:
    """Return one string as a corpus: the same document again and again; "" for the usual one."""
    return Corpus("memorise", (string.replace("\\n", "\n") or STRING,) * N_COPIES)


CORPORA: dict[str, CorpusInfo] = {
    info.name: info
    for info in (
        CorpusInfo(
            name="toy-stories",
            title="Toy Stories",
            summary=(
                "5,000 short English stories drawn from a grammar, so the lowest possible loss is known "
                "exactly. Learning phrases gets a model under the bigram line, as far as the 5-gram; on to "
                "the floor it must remember who the story is about and which toy, color, place and friend "
                "were named at its start."
            ),
            prompts=(
                "Once upon a time there was a",
                "Lily was a happy little girl. She",
                "One rainy day, Tom looked out of the window.",
            ),
            load=_load_toy_stories,
        ),
        CorpusInfo(
            name="python-reference",
            title="Python language reference",
            summary=(
                "The written English of Python's own reference, about half a megabyte. To get under the "
                "bigram line a model must learn grammar and markup, and bring back the terms of the topic."
            ),
            prompts=("The expression ", "If the object ", "For example, "),
            load=lambda seed, parameter: _from_documents("python-reference", reference_documents()),
        ),
        CorpusInfo(
            name="python-source",
            title="Python standard library",
            summary=(
                "The source code of the Python that is running, some 12 MB. To get under the bigram line a "
                "model must indent, close its brackets, and use again the names that a file has defined."
            ),
            prompts=("def ", "import os\nimport ", "class "),
            load=lambda seed, parameter: _from_documents("python-source", source_documents()),
        ),
        CorpusInfo(
            name="markov",
            title="Markov chain",
            summary=(
                "Eight letters, each drawn by the last few: the source for which counting is enough. For "
                "a chain of order 2 the trigram line is the floor; a model must learn the table to get "
                "under the bigram line, and can't get lower than the floor however large it is."
            ),
            prompts=("a", "b", "cab"),
            load=_synthetic("markov", 5000, markov.generate),
            parameter=Parameter("Order of the chain", 1, 4, 2),
            tokenizer="char",
        ),
        CorpusInfo(
            name="induction",
            title="Copy: a segment, then again",
            summary=(
                "Random letters, a bar, and the same letters again. Knowing when the bar and the end come "
                "gets a model a little under the bigram line, to 3.08 nats by characters; on to the floor it "
                "must copy, which no n-gram can: look back for what came last time, with an induction head, "
                "which takes two layers."
            ),
            prompts=("abcdefg|", "xyzzy|xy"),
            load=_synthetic("induction", 10_000, induction.generate),
            parameter=Parameter("Longest segment", 5, 48, 16),
            tokenizer="char",
        ),
        CorpusInfo(
            name="brackets",
            title="Brackets",
            summary=(
                "Balanced brackets of several kinds, at most eight deep. A few brackets back are enough to "
                "get under the bigram line, as the 5-gram does; on to the floor a model must keep a stack: "
                "which brackets are open, and in which order."
            ),
            prompts=("(", "()("),
            load=_synthetic("brackets", 10_000, brackets.generate),
            parameter=Parameter("Kinds of brackets", 1, 4, 2),
            tokenizer="char",
        ),
        CorpusInfo(
            name="modular",
            title="Modular addition",
            summary=(
                "Equations such as 07+15=22 modulo a prime. The summands are chance and can't be learned; "
                "their form gets a model under the bigram line and to the 5-gram line, and to go on it must "
                "find the sum."
            ),
            prompts=("01+02=", "05+50="),
            load=_synthetic("modular", 20_000, modular.generate),
            parameter=Parameter("Modulus", 2, 997, 97),
            tokenizer="char",
        ),
        CorpusInfo(
            name="memorise",
            title="One string, to learn by heart",
            summary=(
                "The same sentence again and again: the smallest thing there is to learn, and the quickest "
                "test that a model learns at all. Each token nearly gives away the next, so the bigram line "
                "is close to 0; to get under it, a model looks back one token more, and then expects the "
                "sentence token by token. Nothing is held out."
            ),
            prompts=("My cat", "My cat reads the paper"),
            load=lambda seed, parameter: string_corpus(""),
        ),
    )
}
"""Built-in corpora by name; none needs a network."""
