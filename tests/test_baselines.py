import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground import ngrams
from playground.baselines import (
    ORDER_NAMES,
    all_baselines,
    bigram_entropy,
    conditional_entropy,
    held_out_cross_entropy,
    ngram_log_probs,
    trigram_entropy,
    uniform_entropy,
    unigram_entropy,
)


def brute_force_entropy(tokens, order):
    """H(last of `order` tokens | those before), by counting with a dictionary."""
    tokens = list(map(int, tokens))
    grams = Counter(tuple(tokens[i : i + order]) for i in range(len(tokens) - order + 1))
    contexts = Counter()
    for gram, count in grams.items():
        contexts[gram[:-1]] += count
    total = sum(grams.values())
    return -sum(count / total * math.log(count / contexts[gram[:-1]]) for gram, count in grams.items())


@pytest.mark.parametrize("d_vocab", [2, 7, 300, 152_000])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_plug_in_entropies_equal_a_brute_force_count(d_vocab, order):
    rng = np.random.default_rng(0)
    tokens = np.minimum(rng.zipf(1.3, 3000), d_vocab) - 1
    assert conditional_entropy(tokens, d_vocab, order) == pytest.approx(
        brute_force_entropy(tokens, order), abs=1e-10
    )


def test_closed_forms():
    alternating = np.tile([0, 1], 500)
    assert unigram_entropy(alternating, 2) == pytest.approx(math.log(2), abs=1e-12)
    assert bigram_entropy(alternating, 2) == pytest.approx(0, abs=1e-12)
    constant = np.zeros(100, dtype=np.uint16)
    assert unigram_entropy(constant, 5) == bigram_entropy(constant, 5) == trigram_entropy(constant, 5) == 0
    assert uniform_entropy(65) == pytest.approx(4.1743872698956, abs=1e-12)


def de_bruijn(k):
    """Every pair of k symbols once, as a cycle, closed by its first symbol."""
    rest = {a: list(range(k))[::-1] for a in range(k)}
    stack, path = [0], []
    while stack:
        if rest[stack[-1]]:
            stack.append(rest[stack[-1]].pop())
        else:
            path.append(stack.pop())
    return np.array(path[::-1])


@pytest.mark.parametrize("k", [2, 5, 16])
def test_a_de_bruijn_cycle_has_the_uniform_entropy_twice(k):
    cycle = de_bruijn(k)
    assert unigram_entropy(cycle[:-1], k) == pytest.approx(math.log(k), abs=1e-12)
    assert bigram_entropy(cycle, k) == pytest.approx(math.log(k), abs=1e-12)


def test_longer_contexts_never_have_more_entropy():
    tokens = np.random.default_rng(1).integers(0, 20, 5000)
    entropies = [conditional_entropy(tokens, 20, order) for order in (1, 2, 3)]
    edge = math.log(20) * 3 / 5000
    assert uniform_entropy(20) + 1e-12 >= entropies[0] >= entropies[1] - edge >= entropies[2] - 2 * edge


def test_held_out_scores_approach_the_source_and_exceed_the_plug_in():
    """On a Markov chain the bigram's score must come close to, and stay above, the chain's entropy."""
    rng = np.random.default_rng(3)
    law = rng.dirichlet(np.full(8, 0.5), size=8)
    chain = [0]
    for u in rng.random(60_000):
        chain.append(int(np.searchsorted(law[chain[-1]].cumsum(), u)))
    chain = np.minimum(chain, 7)
    train, held_out = chain[:50_000], chain[50_000:]
    stationary = np.linalg.matrix_power(law, 200)[0]
    entropy = -float((stationary[:, None] * law * np.log(law)).sum())
    scores = [held_out_cross_entropy(train, held_out, 8, order) for order in (1, 2, 3)]
    assert scores[1] == pytest.approx(entropy, abs=0.03)
    assert scores[0] > scores[1] + 0.1
    small = chain[:300]
    assert held_out_cross_entropy(small, held_out, 8, 3) > trigram_entropy(small, 8) + 0.2


def test_in_sample_and_held_out_stand_apart():
    tokens = np.random.default_rng(4).integers(0, 50, 2000)
    values = all_baselines(tokens[:1500], tokens[1500:], 50)
    assert values["bigram"] < values["unigram"] < values["uniform"] < values["held_out"]["bigram"] + 0.2
    assert values["floor"] is None


def test_too_few_tokens_are_named():
    with pytest.raises(ValueError, match="3 tokens.*there are 2"):
        trigram_entropy([1, 2], 5)


def test_the_chain_rule_per_position():
    """The mean over positions is the held-out score, and each position sees only what is before it."""
    rng = np.random.default_rng(5)
    train, text = rng.integers(0, 9, 3000), rng.integers(0, 9, 200)
    for order in (1, 3, 5):
        log_probs = ngram_log_probs(train, text, 9, order)
        score = held_out_cross_entropy(train, text, 9, order)
        assert score == pytest.approx(-log_probs[1:].mean(), abs=1e-12)
        beginning = ngram_log_probs(train, text[:50], 9, order)
        np.testing.assert_allclose(beginning, log_probs[:50], atol=1e-12)


def test_longer_contexts_do_no_harm_where_there_is_nothing_in_them():
    tokens = np.random.default_rng(6).integers(0, 30, 20_000)
    held_out = all_baselines(tokens[:18_000], tokens[18_000:], 30)["held_out"]
    assert list(held_out) == ["unigram", "bigram", "trigram", "4-gram", "5-gram"]
    assert all(score == pytest.approx(math.log(30), abs=0.01) for score in held_out.values())


@given(st.lists(st.integers(0, 9), min_size=2, max_size=300))
def test_unigram_is_at_least_bigram_up_to_the_edge(tokens):
    """H(next) >= H(next | this) over the same pairs; the first token, in no pair as the next, is the edge."""
    edge = (math.log(len(tokens)) + 1) / len(tokens)
    assert unigram_entropy(tokens, 10) >= bigram_entropy(tokens, 10) - edge
    assert unigram_entropy(tokens[1:], 10) >= bigram_entropy(tokens, 10) - 1e-12


@pytest.mark.parametrize("order", [1, 2, 5])
def test_a_long_text_is_scored_in_blocks_as_at_once(monkeypatch, order):
    rng = np.random.default_rng(7)
    train, text = rng.integers(0, 4, 2000), rng.integers(0, 4, 500)
    at_once = -ngram_log_probs(train, text, 4, order)[1:].mean()
    monkeypatch.setattr(ngrams, "SCORED_AT_ONCE", 7)
    assert held_out_cross_entropy(train, text, 4, order) == pytest.approx(at_once, abs=1e-12)


def test_in_sample_orders_are_those_of_a_brute_force_count():
    tokens = np.random.default_rng(8).integers(0, 5, 3000)
    values = all_baselines(tokens, tokens[:100], 5)
    for order, name in enumerate(ORDER_NAMES, start=1):
        assert values[name] == pytest.approx(brute_force_entropy(tokens, order), abs=1e-12)
