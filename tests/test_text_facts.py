import itertools
from collections import Counter

import numpy as np
import pytest

from playground import text_facts
from playground.config import DataConfig
from playground.corpora import Corpus, text_corpus
from playground.counting import token_counts
from playground.documents import PAGE_TOKENS, document
from playground.prepare import prepare_corpus

DOCUMENTS = tuple(f"Zoë {'é' * (i % 7)} has {i} apples 😀" for i in range(60))


@pytest.fixture(params=["char", "byte", "bpe:300"])
def prepared(request):
    data = DataConfig(corpus="text", text_file="x", tokenizer=request.param, test_fraction=0.1)
    return prepare_corpus(Corpus("own", DOCUMENTS), data)


def texts(prepared):
    """The documents as the prepared text gives them back, by split."""
    return {
        split: [
            prepared.tokenizer.decode(document(prepared, split, number).tokens)
            for number in range(text_facts.n_documents(prepared, split))
        ]
        for split in prepared.tokens
    }


def test_every_document_is_in_one_split_as_it_was(prepared):
    found = texts(prepared)
    assert set(found) == {"train", "val", "test"}
    assert sorted(text for split in found.values() for text in split) == sorted(DOCUMENTS)


def test_sizes_and_lengths_are_those_of_the_text(prepared, monkeypatch):
    monkeypatch.setattr(text_facts, "CHUNK", 50)  # as for a text that is longer than memory
    d_vocab = prepared.tokenizer.d_vocab
    counts = {name: token_counts(tokens, d_vocab) for name, tokens in prepared.tokens.items()}
    found = texts(prepared)
    for facts in text_facts.split_facts(prepared, counts):
        assert facts.documents == len(found[facts.name])
        assert facts.tokens == len(prepared.tokens[facts.name])
        assert facts.bytes == sum(len(text.encode()) for text in found[facts.name])
    lengths = text_facts.lengths(prepared)
    in_order = [text for split in prepared.starts for text in found[split]]
    assert lengths.n_documents == len(DOCUMENTS)
    assert lengths.characters.tolist() == [len(text) for text in in_order]
    assert lengths.tokens.tolist() == [len(prepared.tokenizer.encode(text)) for text in in_order]


def test_the_commonest_are_those_a_plain_counter_finds(prepared):
    tokens, d_vocab = prepared.train.tolist(), prepared.tokenizer.d_vocab
    top = text_facts.top_tokens(token_counts(prepared.train, d_vocab), 5)
    assert [count for _, count in top] == [count for _, count in Counter(tokens).most_common(5)]
    assert all(tokens.count(i) == count for i, count in top)
    pairs = Counter(itertools.pairwise(tokens))
    found = text_facts.top_pairs(prepared.train, d_vocab, 5)
    assert [count for *_, count in found] == [count for _, count in pairs.most_common(5)]
    assert all(pairs[first, second] == count for first, second, count in found)


def test_a_text_without_documents_is_read_in_pages():
    text = "abc def " * 300
    prepared = prepare_corpus(text_corpus(text), DataConfig(corpus="text", text_file="x", tokenizer="byte"))
    pages = [document(prepared, "train", number) for number in range(document(prepared, "train", 0).count)]
    assert np.concatenate([page.tokens for page in pages]).tolist() == prepared.train.tolist()
    assert max(len(page.tokens) for page in pages) == PAGE_TOKENS
    assert not any(page.is_document for page in pages)
    assert text_facts.lengths(prepared).n_documents == 0


def test_a_number_beyond_the_end_shows_the_last():
    prepared = prepare_corpus(Corpus("own", DOCUMENTS), DataConfig(corpus="text", text_file="x"))
    last = document(prepared, "val", 10**9)
    assert last.number == last.count - 1
    assert document(prepared, "val", -5).number == 0
