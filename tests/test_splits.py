import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.config import ConfigError
from playground.corpora import Corpus, text_corpus
from playground.splits import BETWEEN, SPLITS, pieces, scan, split

STORIES = tuple(f"story number {i}. " * (1 + i % 3) for i in range(200))


def texts_of(corpus, chosen):
    found = dict.fromkeys(SPLITS, "")
    for piece in pieces(corpus, chosen):
        found[SPLITS[piece.split]] += piece.text
    return found


@pytest.mark.parametrize("fractions", [(0.1, 0.0), (0.1, 0.1), (0.3, 0.2)])
def test_every_document_is_in_one_split_whole(fractions):
    corpus = Corpus("c", STORIES)
    chosen = split(scan(corpus), True, fractions, seed=1)
    in_split = {name: set() for name in SPLITS}
    for piece in pieces(corpus, chosen):
        assert piece.ends_document
        in_split[SPLITS[piece.split]].add(piece.text)
    assert sum(map(len, in_split.values())) == len(set().union(*in_split.values())) == 200
    total = sum(map(len, STORIES))
    shares = [sum(map(len, in_split[name])) / total for name in ("val", "test")]
    assert all(abs(share - want) < 0.02 for want, share in zip(fractions, shares, strict=True))


def test_the_seed_decides_which_documents_are_held_out():
    found = scan(Corpus("c", STORIES))
    same, other = (split(found, True, (0.2, 0.1), seed).places for seed in (1, 2))
    np.testing.assert_array_equal(same, split(found, True, (0.2, 0.1), 1).places)
    assert (same != other).any()


@given(st.text(min_size=20, max_size=400), st.sampled_from([(0.1, 0.0), (0.1, 0.1)]))
@settings(deadline=None)
def test_one_text_is_cut_in_order_and_nothing_is_lost(text, fractions):
    if not text.strip():
        return
    corpus = text_corpus(text)
    whole = "".join(corpus.documents)
    chosen = split(scan(corpus), corpus.whole_documents, fractions, seed=0)
    found = texts_of(corpus, chosen)
    assert "".join(found.values()) == whole
    assert len(found["train"]) == int(len(whole) * (1 - sum(fractions)))
    assert not any(piece.ends_document for piece in pieces(corpus, chosen))


def test_parts_of_one_text_are_split_as_the_text_they_make():
    text = "the cat sat on the mat. " * 50
    in_parts = Corpus("parts", tuple(text[i : i + 7] for i in range(0, len(text), 7)), whole_documents=False)
    chosen = split(scan(in_parts), False, (0.1, 0.1), 0)
    whole = split(scan(text_corpus(text)), False, (0.1, 0.1), 0)
    assert texts_of(in_parts, chosen) == texts_of(text_corpus(text), whole)
    assert scan(in_parts).digest == scan(text_corpus(text)).digest


def test_few_documents_make_one_text():
    corpus = Corpus("few", ("one " * 20, "  ", "two " * 20))
    chosen = split(scan(corpus), True, (0.1, 0.0), 0)
    assert not chosen.whole_documents
    assert "".join(texts_of(corpus, chosen).values()) == "one " * 20 + BETWEEN + "two " * 20


def test_blank_documents_are_dropped_and_counted():
    corpus = Corpus("c", ("", *STORIES, " \n"), empty_dropped=3)
    found = scan(corpus)
    assert (found.empty_dropped, len(found.n_chars)) == (5, 200)
    assert len(list(pieces(corpus, split(found, True, (0.1, 0.0), 0)))) == 200


def test_the_digest_knows_the_text_and_where_documents_end():
    digests = {
        scan(Corpus("c", documents)).digest for documents in (("ab", "c"), ("a", "bc"), ("abc",), ("abd",))
    }
    assert len(digests) == 4
    assert scan(Corpus("other name", ("ab", "c"))).digest == scan(Corpus("c", ("ab", " ", "c"))).digest


def test_progress_is_reported_and_a_report_can_cancel():
    corpus = Corpus("long", ("x" * 1_500_000,) * 4)
    seen = []
    scan(corpus, lambda *heard: seen.append(heard))
    assert [done for _, done, _ in seen] == [3_000_000, 4_500_000, 6_000_000]

    def stop(phase, done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scan(corpus, stop)


@pytest.mark.parametrize("text", ["a", "ab"])
def test_a_text_too_short_to_cut_is_refused(text):
    with pytest.raises(ConfigError, match=f"has {len(text)} characters: too short"):
        split(scan(text_corpus(text)), False, (0.1, 0.1), 0)


def test_eighty_ten_ten_is_exact_for_documents_of_one_length():
    corpus = Corpus("c", tuple(f"document {i:04}" for i in range(1000)))
    for seed in range(5):
        places = split(scan(corpus), True, (0.1, 0.1), seed).places
        assert np.bincount(places).tolist() == [800, 100, 100]


@given(st.lists(st.integers(1, 400), min_size=20, max_size=80), st.integers(0, 9))
@settings(deadline=None)
def test_eighty_ten_ten_is_exact_up_to_one_document(lengths, seed):
    found = scan(Corpus("c", tuple("a" * length for length in lengths)))
    places = split(found, True, (0.1, 0.1), seed).places
    reached = [int(found.n_chars[places == SPLITS.index(name)].sum()) for name in ("val", "test")]
    total, longest = sum(lengths), max(lengths)
    assert 0.1 * total - 1e-6 <= reached[0] <= 0.1 * total + longest
    assert 0.2 * total - 1e-6 <= sum(reached) <= 0.2 * total + longest


def test_one_text_is_cut_at_eighty_and_ninety_percent():
    corpus = text_corpus("x" * 1000)
    found = texts_of(corpus, split(scan(corpus), corpus.whole_documents, (0.1, 0.1), 0))
    assert {name: len(text) for name, text in found.items()} == {"train": 800, "val": 100, "test": 100}
