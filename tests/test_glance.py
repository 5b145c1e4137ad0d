from hypothesis import given
from hypothesis import strategies as st

from playground.corpora import Corpus, load_corpus, text_corpus
from playground.glance import SHOWN_CHARACTERS, glance, lengths, token_lengths
from playground.tokenizers import build_tokenizer


def corpus_of(documents):
    return Corpus("mine", documents)


def test_the_first_documents_and_nothing_beyond():
    source = iter(["one", " ", "two", "three", "four", "five"])
    seen = glance(corpus_of(source), n_shown=2, max_documents=3)
    assert (seen.documents, seen.read) == (["one", "two"], ["one", "two", "three"])
    assert (seen.characters.count, seen.characters.total, seen.is_all, seen.empty_dropped) == (
        3,
        11,
        False,
        1,
    )
    assert list(source) == ["five"]


def test_a_long_document_is_shown_in_part_and_measured_as_a_whole():
    seen = glance(corpus_of(["x" * 5000, "y"]), max_characters=100)
    assert seen.documents == ["x" * SHOWN_CHARACTERS]
    assert (seen.characters.largest, seen.is_all) == (5000, False)


def test_one_text_is_one_document():
    seen = glance(text_corpus("Once upon a time. " * 100))
    assert (seen.characters.count, seen.characters.total) == (1, 1800)
    assert seen.is_all
    assert not seen.whole_documents


def test_all_of_a_small_corpus_and_its_tokens():
    corpus = load_corpus("modular:7")
    seen = glance(corpus, max_documents=10**6)
    assert seen.is_all
    assert seen.read == list(corpus.documents)
    tokenizer = build_tokenizer("byte", (), end_token=False)
    assert token_lengths(seen.read, tokenizer) == seen.characters


def test_the_parts_of_a_document_are_added_up():
    documents = ["a word and " * 20_000, "b"]
    found = token_lengths(documents, build_tokenizer("byte", (), end_token=False))
    assert (found.smallest, found.largest) == (1, 220_000)


@given(st.lists(st.integers(0, 10_000)))
def test_every_length_is_in_the_bin_that_holds_it(values):
    found = lengths(values)
    assert sum(found.counts) == found.count == len(values)
    for low, high, count in zip(found.edges[:-1], found.edges[1:], found.counts, strict=True):
        assert count == sum(low <= value < high for value in values)
    if values:
        assert (found.smallest, found.largest, found.total) == (min(values), max(values), sum(values))
        assert found.counts[0] > 0
        assert found.counts[-1] > 0
