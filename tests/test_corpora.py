import re

import numpy as np
import pytest

from playground.corpora import (
    CORPORA,
    Corpus,
    CorpusError,
    CorpusInfo,
    UnknownCorpus,
    corpus_info,
    load_corpus,
    parse_spec,
    text_corpus,
)
from playground.corpora.toy_stories import story_nats


@pytest.mark.parametrize("name", ["toy-stories", "python-reference", "python-source"])
def test_a_built_in_corpus_loads_and_has_no_empty_document(name):
    corpus = CORPORA[name].load(0, 0)
    assert corpus.name == name == CORPORA[name].name
    assert all(document.strip() for document in corpus.documents)
    assert len("".join(corpus.documents)) > 400_000


@pytest.mark.parametrize("info", CORPORA.values(), ids=list(CORPORA))
def test_a_corpus_says_what_it_is_and_its_prompts_occur_in_it(info: CorpusInfo):
    assert info.title
    assert info.summary.endswith(".")
    assert "bigram line" in info.summary
    assert 2 <= len(info.prompts) <= 3
    documents = load_corpus(info.name).documents
    for prompt in info.prompts:
        if info.parameter:  # too many texts for each to occur
            assert set(prompt) <= set("".join(documents)), prompt
        else:
            assert any(prompt in document for document in documents), prompt


def test_the_law_is_known_for_toy_stories_alone():
    corpus = load_corpus("toy-stories")
    assert len(corpus.documents) == 5000
    assert corpus.nats is not None
    assert corpus.nats.shape == (5000,)
    assert story_nats(corpus.documents[-1]) == pytest.approx(corpus.nats[-1], abs=1e-9)
    assert load_corpus("python-reference").nats is None


def test_the_seed_decides_synthetic_text_and_nothing_else():
    assert load_corpus("toy-stories", 1).documents == load_corpus("toy-stories", seed=1).documents
    assert load_corpus("toy-stories", 1).documents != load_corpus("toy-stories", 2).documents
    assert load_corpus("python-reference", 1).documents == load_corpus("python-reference", 2).documents


def test_a_cached_corpus_can_not_be_written_over():
    corpus = load_corpus("toy-stories")
    assert load_corpus("toy-stories") is corpus
    with pytest.raises(ValueError, match="read-only"):
        corpus.nats[0] = 0


def test_an_unknown_name_is_refused_with_those_that_are_known():
    with pytest.raises(UnknownCorpus) as caught:
        load_corpus("tiny-shakespeare")
    assert isinstance(caught.value, ValueError)
    assert all(name in str(caught.value) for name in [*CORPORA, "tiny-shakespeare"])


def test_own_text_is_kept_as_it_is():
    text = "  One\r\ntwo\n\n\rthree\t "
    corpus = text_corpus(text, "notes.txt")
    assert corpus.documents == ("  One\ntwo\n\n\rthree\t ",)
    assert (corpus.name, corpus.nats, corpus.empty_dropped) == ("notes.txt", None, 0)
    assert text_corpus("x").name == "text"


@pytest.mark.parametrize("text", ["", " \r\n\t", "\u00a0\u2003"])
def test_own_text_without_text_is_refused(text):
    with pytest.raises(CorpusError, match=r"notes.txt is empty: there is no text in it\.$"):
        text_corpus(text, "notes.txt")


def test_probabilities_that_do_not_fit_the_documents_are_refused():
    with pytest.raises(CorpusError, match=r"shape \(1,\), but there are 2 documents"):
        Corpus("mine", ("a", "b"), np.zeros(1))
    with pytest.raises(CorpusError, match="one of them is blank"):
        Corpus("mine", ("a", " "), np.zeros(2))


def test_empty_documents_are_dropped_and_counted():
    corpus = load_corpus("python-source")
    assert corpus.empty_dropped >= 1  # the library has empty __init__.py files


def test_a_spec_is_a_name_and_for_some_a_number():
    assert parse_spec("markov") == parse_spec("markov:2") == ("markov", 2)
    assert parse_spec("toy-stories") == ("toy-stories", 0)
    assert load_corpus("markov").name == "markov:2"
    assert corpus_info("induction:9") is CORPORA["induction"]


@pytest.mark.parametrize(
    "spec", ["markov:0", "markov:5", "markov:x", "markov:", "toy-stories:3", "nothing:1"]
)
def test_a_spec_that_can_not_be_followed_is_refused(spec):
    with pytest.raises(UnknownCorpus, match=re.escape(spec.partition(":")[0])):
        load_corpus(spec)
