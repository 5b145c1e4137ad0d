import math

import numpy as np
import pytest

from playground.corpora import corpus_info, induction
from playground.training import Data
from tests.small_runs import trained_loss


def test_every_text_is_a_segment_twice_with_the_probability_of_its_choices():
    texts, nats = induction.generate(500, 9, seed=2)
    for text, value in zip(texts, nats, strict=True):
        segment, copy = text.split("|")
        assert segment == copy
        assert 4 <= len(segment) <= 9
        assert induction.nats(text, 9) == pytest.approx(value, abs=1e-9)
        assert math.exp(-value) == pytest.approx(1 / 6 / 26 ** len(segment), rel=1e-9)


def test_probabilities_add_up():
    """26**L segments of each length L, all alike."""
    total = sum(
        26**length * math.exp(-induction.nats("a" * length + "|" + "a" * length, 8)) for length in range(4, 9)
    )
    assert total == pytest.approx(1, rel=1e-9)


def test_the_mean_is_the_entropy():
    _, nats = induction.generate(20_000, 16, seed=0)
    assert abs(nats.mean() - induction.entropy(16)) < 4 * nats.std() / math.sqrt(len(nats))


@pytest.mark.parametrize("text", ["", "|", "abcd|abce", "abcd", "abc|abc", "ABCD|ABCD", "abcde|abcde"])
def test_what_can_not_occur_has_no_probability(text):
    assert induction.nats(text, 4) == math.inf


def test_the_same_seed_gives_the_same_text():
    assert induction.generate(5, 8, 1)[0] == induction.generate(5, 8, 1)[0] != induction.generate(5, 8, 2)[0]


def test_what_is_said_of_a_model_that_counts_places_but_cannot_copy():
    """It pays ln 26 for every letter and once for where the bar is; the end then follows."""
    lengths = range(induction.SHORTEST, 17)
    nats = sum(2 * length * math.log(26) + math.log(len(lengths)) for length in lengths)
    per_token = nats / sum(2 * length + 2 for length in lengths)
    assert f"to {per_token:.2f} nats by characters" in corpus_info("induction:16").summary


def test_no_ngram_can_copy_and_no_model_beats_the_floor(prepared_corpus):
    prepared = prepared_corpus("induction:8")
    values = prepared.baselines
    assert min(values["held_out"].values()) > values["floor"] + 0.5
    loss = trained_loss(Data(prepared.train, prepared.val, 1.0), values["d_vocab"])
    assert loss > values["floor"] - 0.01
    assert np.isfinite(loss)
