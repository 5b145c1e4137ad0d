import itertools
import math

import numpy as np
import pytest

from playground.corpora import load_corpus, markov
from playground.training import Data
from tests.small_runs import trained_loss


@pytest.mark.parametrize("order", [1, 2, 4])
def test_the_law_gives_every_text_the_probability_it_was_drawn_with(order):
    texts, drawn = markov.generate(200, order, seed=3)
    np.testing.assert_allclose([markov.nats(text, order) for text in texts], drawn, atol=1e-9)


@pytest.mark.parametrize("order", [1, 3])
def test_probabilities_of_all_texts_up_to_a_length_leave_just_the_longer_ones(order):
    total = sum(
        math.exp(-markov.nats("".join(letters), order))
        for length in (1, 2, 3, 4)
        for letters in itertools.product(markov.ALPHABET, repeat=length)
    )
    longer = (1 - 1 / markov.END_ONE_IN) ** 4
    assert total == pytest.approx(1 - longer, rel=1e-9)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_the_mean_is_the_entropy_that_linear_algebra_gives(order):
    _, nats = markov.generate(20_000, order, seed=0)
    error = nats.std() / math.sqrt(len(nats))
    assert abs(nats.mean() - markov.entropy(order)) < 4 * error


def test_the_same_seed_gives_the_same_text_and_the_law_does_not_change():
    assert markov.generate(5, 2, 1)[0] == markov.generate(5, 2, 1)[0] != markov.generate(5, 2, 2)[0]
    assert (markov.law(2).sum(axis=1) == markov.SHARES).all()
    assert (markov.law(2) > 0).all()


@pytest.mark.parametrize("text", ["", "z", "ab c"])
def test_what_can_not_occur_has_no_probability(text):
    assert markov.nats(text, 2) == math.inf


def test_counting_reaches_the_floor_with_the_right_order_and_no_lower(prepared_corpus):
    values = prepared_corpus("markov:2").baselines
    assert values["held_out"]["bigram"] > values["floor"] + 0.1
    for name in ("trigram", "4-gram", "5-gram"):
        assert values["floor"] - 0.003 < values["held_out"][name] < values["floor"] + 0.01


def test_a_trained_model_does_not_go_below_the_floor(prepared_corpus):
    prepared = prepared_corpus("markov:1")
    loss = trained_loss(Data(prepared.train, prepared.val, 1.0), prepared.tokenizer.d_vocab)
    assert prepared.baselines["floor"] - 0.01 < loss < prepared.baselines["held_out"]["unigram"]
    assert load_corpus("markov:1").name == "markov:1"
