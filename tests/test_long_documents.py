"""Documents longer than the context: counted, and split, cut or left out, against brute force."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.config import ConfigError, DataConfig, ModelConfig, RunConfig
from playground.corpora import Corpus
from playground.dataset import NO_TARGET, rows_of
from playground.job import build_data
from playground.long_documents import SplitTokens, fit, n_longer, said_of_long
from playground.prepare import prepare_corpus

N_CTX = 6
lengths_of = st.lists(st.integers(1, 15), min_size=1, max_size=20)


def text(lengths):
    """Return documents of distinct tokens with end token 0 around each, and where they start."""
    tokens, starts = [0], []
    for length in lengths:
        starts.append(len(tokens))
        tokens += [len(tokens) + i for i in range(length)] + [0]
    return SplitTokens(np.array(tokens), np.array([*starts, len(tokens)]))


def documents(split):
    return [split.tokens[a:b].tolist() for a, b in zip(split.starts[:-1], split.starts[1:], strict=True)]


@given(lengths_of)
def test_documents_that_do_not_fit_with_their_end_token_are_counted(lengths):
    assert n_longer(text(lengths).starts, N_CTX) == sum(length + 1 > N_CTX for length in lengths)
    assert documents(fit(text(lengths), N_CTX, "split")) == documents(text(lengths))


@given(lengths_of.filter(lambda lengths: min(lengths) < N_CTX))
def test_long_documents_are_left_out_where_that_is_chosen(lengths):
    found, whole = fit(text(lengths), N_CTX, "skip"), documents(text(lengths))
    assert documents(found) == [document for document in whole if len(document) <= N_CTX]
    assert found.tokens[0] == 0
    assert found.learned is None


@given(lengths_of)
def test_of_a_document_that_is_cut_the_first_tokens_are_learned_and_not_its_end(lengths):
    found, whole = fit(text(lengths), N_CTX, "cut"), documents(text(lengths))
    expected = [d if len(d) <= N_CTX else [*d[:N_CTX], 0] for d in whole]
    assert documents(found) == expected
    rows = rows_of(found.tokens, found.starts, N_CTX, found.learned)
    assert rows.n_rows == len(lengths)  # one row each
    taken = [rows.take([i], "cpu")[1][0].tolist() for i in range(rows.n_rows)]
    targets = [[t for t in row if t != NO_TARGET] for row in taken]
    assert targets == [d if len(d) <= N_CTX else d[:N_CTX] for d in whole]


def test_answers_stay_marked_where_documents_are_cut_or_left_out():
    given = text([2, 9, 3])
    learned = np.array([False, *(np.arange(1, len(given.tokens)) % 2 == 0)])
    for too_long in ("cut", "skip"):
        found = fit(SplitTokens(given.tokens, given.starts, learned), N_CTX, too_long)
        kept = [t for t in found.tokens[found.learned].tolist() if t]
        assert kept == [t for t in found.tokens.tolist() if t and t % 2 == 0]


def test_all_documents_too_long_is_said_in_a_sentence():
    with pytest.raises(ConfigError, match="All 2 documents of the val split are longer than n_ctx = 6"):
        fit(text([9, 9]), N_CTX, "skip", "val")


@pytest.mark.parametrize(
    ("too_long", "batches", "said"),
    [
        ("split", "packed", "windows begin anywhere in them"),
        ("split", "padded", "each is learned in several rows"),
        ("cut", "padded", "of each the beginning is learned"),
        ("skip", "packed", "they are left out"),
    ],
)
def test_a_run_learns_what_it_says(too_long, batches, said):
    words = tuple("ab " * (3 + i % 5) for i in range(60))
    data = DataConfig(corpus="text", text_file="x", tokenizer="char", batches=batches, too_long=too_long)
    config = RunConfig(data=data, model=ModelConfig(n_ctx=13, d_model=8, n_heads=2))
    prepared = prepare_corpus(Corpus("own", words), data)
    expected = f"36 of 60 documents are longer than the context of 13 tokens: {said}."
    assert said_of_long(prepared, config) == expected
    learned = build_data(config, prepared)
    n_tokens = {
        "split": sum(len(w) + 1 for w in words),
        "cut": sum(min(len(w), 13) + 1 for w in words),
        "skip": sum(len(w) + 1 for w in words if len(w) < 13),
    }
    assert len(learned.train) + len(learned.val) == n_tokens[too_long] + 2
    rows = learned.rows("train", 13)
    assert rows.take([0, rows.n_rows - 1], "cpu")[1].shape[1] <= 13
