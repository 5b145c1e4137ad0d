import math

import numpy as np
import pytest

from playground.baselines import unigram_entropy
from playground.config import ConfigError, DataConfig
from playground.corpora import load_corpus, text_corpus
from playground.prepare import prepare, prepare_corpus, tokenizer_of
from playground.prepared import load_prepared, save_prepared

TEXT = "the cat sat on the mat. the dog sat on the log. " * 30


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


def test_the_floor_is_the_exact_probability_of_the_validation_stories_per_predicted_token():
    corpus = load_corpus("toy-stories")
    config = DataConfig(tokenizer="bpe:400")
    prepared = prepare_corpus(corpus, config)
    held_out = prepared.tokenizer.decode(prepared.val)
    val = [number for number, story in enumerate(corpus.documents) if story in held_out]
    expected = sum(corpus.nats[number] for number in val) / (len(prepared.val) - 1)
    assert prepared.baselines["floor"] == pytest.approx(expected)
    assert 0 < prepared.baselines["floor"] < prepared.baselines["held_out"]["trigram"]
    n_bytes = sum(len(corpus.documents[number]) for number in val)
    assert prepared.bytes_per_token == pytest.approx(n_bytes / (len(prepared.val) - 1))


def test_phases_are_reported_in_order(monkeypatch, tmp_path):
    monkeypatch.setenv("PLAYGROUND_CACHE", str(tmp_path))
    phases = []
    prepare_corpus(
        text_corpus(TEXT),
        DataConfig(corpus="text", text_file="x", tokenizer="char"),
        lambda *heard: phases.append(heard),
    )
    words = [phase.split()[0] for phase, _, _ in phases]
    assert list(dict.fromkeys(words)) == ["building", "cutting", "counting"]
    assert words == sorted(words, key=["building", "cutting", "counting"].index)
    cutting = [far for phase, *far in phases if phase.startswith("cutting")]
    assert cutting == [[0, len(TEXT)], [len(TEXT), len(TEXT)]]


@pytest.mark.parametrize("phase", ["building the tokenizer", "counting the baselines"])
def test_cancelled_in_the_middle_of_a_phase_nothing_is_left(monkeypatch, tmp_path, phase):
    monkeypatch.setenv("PLAYGROUND_CACHE", str(tmp_path))
    monkeypatch.setattr("playground.prepare.REPORT_EVERY", 5000)
    heard = []

    def report(now, done, total):
        heard.append(now)
        if heard.count(phase) == 3:
            raise KeyboardInterrupt

    config = DataConfig(tokenizer="bpe:300", max_bytes=200_000)
    with pytest.raises(KeyboardInterrupt):
        prepare(config, report=report)
    assert heard[-1] == phase
    assert [path.name for path in tmp_path.iterdir()] == ["locks"]
    assert prepare(config).baselines["unigram"] > 0


@pytest.mark.parametrize("text", ["a", "ab", "abc"])
def test_a_text_too_short_is_refused_in_one_sentence(text):
    with pytest.raises(ConfigError, match="too short"):
        prepare_corpus(text_corpus(text), DataConfig(corpus="text", text_file="x", tokenizer="char"))


def test_what_is_saved_is_what_is_loaded(tmp_path):
    assert load_prepared(tmp_path) is None
    prepared = prepare_corpus(
        text_corpus(TEXT), DataConfig(corpus="text", text_file="x", tokenizer="bpe:270")
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


@pytest.mark.parametrize("spec", ["char", "bpe:400", "alphabet"])
def test_the_tokenizer_alone_is_the_one_that_preparing_makes(spec):
    config = DataConfig(corpus="brackets", tokenizer=spec)
    alone, prepared = tokenizer_of(config), prepare(config).tokenizer
    assert (alone.spec, alone.d_vocab, alone.end_id) == (prepared.spec, prepared.d_vocab, prepared.end_id)
    assert [alone.piece(i) for i in range(alone.d_vocab)] == [
        prepared.piece(i) for i in range(prepared.d_vocab)
    ]
