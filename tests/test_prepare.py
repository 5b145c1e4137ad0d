import math

import numpy as np
import pytest

from playground.baselines import unigram_entropy
from playground.config import ConfigError, DataConfig
from playground.corpora import Corpus, load_corpus, text_corpus
from playground.prepare import (
    flat_tokens,
    load_prepared,
    prepare,
    prepare_corpus,
    save_prepared,
    split_corpus,
)
from playground.tokenizers import build_tokenizer

TEXT = "the cat sat on the mat. the dog sat on the log. " * 30


def quiet(phase):
    pass


def test_own_text_is_split_at_ninety_percent_and_counted(tmp_path):
    path = tmp_path / "own.txt"
    path.write_text(TEXT)
    prepared = prepare(DataConfig(corpus="text", text_file=str(path), tokenizer="char"))
    assert prepared.tokenizer.decode(prepared.train) == TEXT[: int(len(TEXT) * 0.9)]
    assert prepared.tokenizer.decode(prepared.val) == TEXT[int(len(TEXT) * 0.9) :]
    assert prepared.tokenizer.end_id is None
    assert prepared.baselines["d_vocab"] == len(set(TEXT))
    assert prepared.baselines["uniform"] == pytest.approx(math.log(len(set(TEXT))))
    assert prepared.baselines["unigram"] == pytest.approx(unigram_entropy(prepared.train, len(set(TEXT))))
    assert prepared.baselines["floor"] is None


def test_a_relative_text_file_is_looked_up_in_the_run_first(tmp_path):
    (tmp_path / "text.txt").write_text(TEXT)
    prepared = prepare(DataConfig(corpus="text", text_file="text.txt", tokenizer="byte"), tmp_path)
    assert len(prepared.train) + len(prepared.val) == len(TEXT)


def test_documents_are_held_out_whole_and_no_text_is_lost():
    corpus = Corpus(
        "c", tuple(f"story number {i}. " * (1 + i % 3) for i in range(100)), nats=np.arange(100.0)
    )
    split = split_corpus(corpus, 0.2, seed=1)
    assert sorted(split.train + split.val) == sorted(corpus.documents)
    share = sum(map(len, split.val)) / corpus.n_chars
    assert 0.2 <= share < 0.23
    places = [corpus.documents.index(document) for document in split.val]
    assert split.val_nats == sum(places)
    assert split_corpus(corpus, 0.2, seed=1) == split != split_corpus(corpus, 0.2, seed=2)


def test_the_end_token_stands_around_every_document():
    tokenizer = build_tokenizer("char", ["ab", "b"], end_token=True)
    assert flat_tokens(tokenizer, ("ab", "b")).tolist() == [2, 0, 1, 2, 1, 2]


def test_the_floor_is_the_exact_probability_of_the_validation_stories_per_predicted_token():
    corpus = load_corpus("toy-stories")
    config = DataConfig(tokenizer="bpe:400")
    prepared = prepare_corpus(corpus, config, quiet)
    split = split_corpus(corpus, config.val_fraction, config.text_seed)
    nats = dict(zip(corpus.documents, corpus.nats, strict=True))
    expected = sum(nats[story] for story in split.val) / (len(prepared.val) - 1)
    assert prepared.baselines["floor"] == pytest.approx(expected)
    assert 0 < prepared.baselines["floor"] < prepared.baselines["held_out"]["trigram"]
    n_bytes = sum(len(story) for story in split.val)
    assert prepared.bytes_per_token == pytest.approx(n_bytes / (len(prepared.val) - 1))


def test_phases_are_reported_in_order():
    phases = []
    prepare_corpus(
        text_corpus(TEXT), DataConfig(corpus="text", text_file="x", tokenizer="char"), phases.append
    )
    assert [phase.split()[0] for phase in phases] == ["building", "cutting", "counting"]


@pytest.mark.parametrize("text", ["a", "ab", "abc"])
def test_a_text_too_short_is_refused_in_one_sentence(text):
    with pytest.raises(ConfigError, match="too short"):
        prepare_corpus(text_corpus(text), DataConfig(corpus="text", text_file="x", tokenizer="char"), quiet)


def test_what_is_saved_is_what_is_loaded(tmp_path):
    assert load_prepared(tmp_path) is None
    prepared = prepare_corpus(
        text_corpus(TEXT), DataConfig(corpus="text", text_file="x", tokenizer="bpe:270"), quiet
    )
    save_prepared(prepared, tmp_path)
    loaded = load_prepared(tmp_path)
    assert loaded is not None
    assert np.array_equal(loaded.train, prepared.train)
    assert np.array_equal(loaded.val, prepared.val)
    assert loaded.baselines == prepared.baselines
    assert loaded.tokenizer.decode(loaded.train) == prepared.tokenizer.decode(prepared.train)
    (tmp_path / "tokens" / "val.npy").unlink()
    assert load_prepared(tmp_path) is None
