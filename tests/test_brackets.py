import itertools
import math

import numpy as np
import pytest

from playground.corpora import brackets
from playground.training import Data
from tests.small_runs import trained_loss


def is_balanced(text):
    """By crossing out what closes at once, until nothing is left."""
    while any(pair in text for pair in brackets.KINDS):
        for pair in brackets.KINDS:
            text = text.replace(pair, "")
    return not text


@pytest.mark.parametrize("kinds", [1, 2, 4])
def test_texts_are_balanced_and_not_too_deep(kinds):
    texts, nats = brackets.generate(500, kinds, seed=1)
    for text, value in zip(texts, nats, strict=True):
        assert is_balanced(text)
        assert math.isfinite(value)
        depths = np.cumsum([1 if c in "([{<" else -1 for c in text])
        assert depths.max() <= brackets.MAX_DEPTH


def test_only_balanced_texts_have_a_probability():
    for length in (1, 2, 3, 4, 6):
        for symbols in itertools.product("()[]", repeat=length):
            text = "".join(symbols)
            assert math.isfinite(brackets.nats(text, 2)) == is_balanced(text)
    assert brackets.nats("", 2) == brackets.nats("<>", 2) == brackets.nats("(" * 9 + ")" * 9, 2) == math.inf
    assert math.isfinite(brackets.nats("(" * 8 + ")" * 8, 2))


def test_probabilities_of_short_texts_are_those_of_the_walk():
    """Independent: the distribution over depths, step by step, says how many texts have ended by then."""
    alive, ended = np.zeros(9), 0.0
    alive[1] = 1
    for _ in range(1, 8):
        moved = np.zeros(9)
        ended += alive[0] / 3
        moved[1] += alive[0] * 2 / 3
        for depth in range(1, 9):
            opens = 0.45 if depth < 8 else 0
            moved[depth - 1] += alive[depth] * (1 - opens)
            if depth < 8:
                moved[depth + 1] += alive[depth] * opens
        alive = moved
    total = sum(
        math.exp(-brackets.nats("".join(symbols), 2))
        for length in (2, 4, 6)
        for symbols in itertools.product("()[]", repeat=length)
    )
    assert total == pytest.approx(ended, rel=1e-9)


@pytest.mark.parametrize("kinds", [1, 3])
def test_the_mean_is_the_entropy_that_linear_algebra_gives(kinds):
    _, nats = brackets.generate(20_000, kinds, seed=0)
    assert abs(nats.mean() - brackets.entropy(kinds)) < 4 * nats.std() / math.sqrt(len(nats))


def test_the_same_seed_gives_the_same_text():
    assert brackets.generate(5, 2, 1)[0] == brackets.generate(5, 2, 1)[0] != brackets.generate(5, 2, 2)[0]


def test_a_trained_model_does_not_go_below_the_floor(prepared_corpus):
    prepared = prepared_corpus("brackets:2")
    loss = trained_loss(Data(prepared.train, prepared.val, 1.0), prepared.tokenizer.d_vocab)
    assert prepared.baselines["floor"] - 0.01 < loss < prepared.baselines["held_out"]["unigram"]
    assert min(prepared.baselines["held_out"].values()) > prepared.baselines["floor"]
