import math
from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground import counting, ngrams
from playground.config import DataConfig
from playground.mixing import BUCKETS
from playground.ngram_counts import Counts, discounts
from playground.ngrams import NgramModel, Tuning, fit_ngrams
from playground.prepare import prepare

KNESER_NEY, DIRICHLET = ((1.0, 0.0, 0.0),) * BUCKETS, ((0.0, 1.0, 0.0),) * BUCKETS


def grams(tokens, order):
    return Counter(tuple(tokens[i : i + order]) for i in range(len(tokens) - order + 1))


class ByHand:
    """Modified Kneser-Ney straight from the paper's formulas, with dictionaries."""

    def __init__(self, tokens, d_vocab, top):
        self.d_vocab, self.top = d_vocab, top
        self.counts = {top: grams(tokens, top)}
        for order in range(1, top):
            lefts = defaultdict(set)
            for gram in grams(tokens, order + 1):
                lefts[gram[1:]].add(gram[0])
            self.counts[order] = {gram: len(found) for gram, found in lefts.items()}

    def discount(self, order, count):
        of = Counter(self.counts[order].values())
        if not all(of[k] for k in (1, 2, 3, 4)):
            return (0, 0.5, 1.0, 1.5)[min(count, 3)]
        y = of[1] / (of[1] + 2 * of[2])
        taken = [k - (k + 1) * y * of[k + 1] / of[k] for k in (1, 2, 3)]
        if not all(0 <= d <= k for k, d in enumerate(taken, 1)):
            taken = [0.5, 1.0, 1.5]
        return (0, *taken)[min(count, 3)]

    def p(self, context, token, order=None):
        order = self.top if order is None else order
        if order == 0:
            return 1 / self.d_vocab
        context = context[len(context) - order + 1 :]
        following = {g[-1]: c for g, c in self.counts[order].items() if g[:-1] == context}
        lower = self.p(context[1:], token, order - 1)
        total = sum(following.values())
        if not total:
            return lower
        taken = sum(self.discount(order, c) for c in following.values())
        own = following.get(token, 0)
        return (own - self.discount(order, own)) / total + taken / total * lower


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize("length", [60, 700])
def test_kneser_ney_is_that_of_the_paper(order, length):
    rng = np.random.default_rng(length)
    tokens = np.minimum(rng.zipf(1.5, length), 7) - 1
    reference = ByHand(tokens.tolist(), 8, order)
    # The continuation counts of lower orders exist only below the top, so the top is the model's order.
    model = NgramModel(Counts(tokens, 8, order), [Tuning(1.0, KNESER_NEY)] * order)
    text = rng.integers(0, 8, 40)
    *_, log_probs = model.log_probs_by_order(text)
    for i in range(order - 1, len(text)):
        context = tuple(text[i - order + 1 : i].tolist())
        assert math.exp(log_probs[i]) == pytest.approx(reference.p(context, int(text[i])), rel=1e-10)


def test_dirichlet_probability_by_hand():
    strengths = (2.0, 0.5)
    tuning = [Tuning(s, DIRICHLET) for s in strengths]
    model = NgramModel(Counts(np.array([0, 1, 0, 1, 0, 2]), 3, 2), tuning)
    unigram = (2 + 2.0 / 3) / (6 + 2.0)  # token 1 occurs twice among six
    expected = (2 + 0.5 * unigram) / (3 + 0.5)  # 0 is followed three times, twice by 1
    *_, log_probs = model.log_probs_by_order(np.array([0, 1]))
    assert math.exp(log_probs[-1]) == pytest.approx(expected, abs=1e-12)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=60), st.lists(st.integers(0, 5), max_size=5))
@settings(deadline=None)
def test_every_order_is_a_distribution_after_any_context(tokens, context):
    model = fit_ngrams(np.array(tokens), 6, 5)
    texts = [np.array([*context, token]) for token in range(6)]
    by_order = [list(model.log_probs_by_order(text)) for text in texts]
    for order in range(len(by_order[0])):
        p = [math.exp(log_probs[order][-1]) for log_probs in by_order]
        assert sum(p) == pytest.approx(1, abs=1e-12)
        assert min(p) > 0


def test_discounts_follow_the_formula():
    counts = np.array([1] * 40 + [2] * 15 + [3] * 8 + [4] * 5 + [9] * 3)
    y = 40 / 70
    expected = [0, 1 - 2 * y * 15 / 40, 2 - 3 * y * 8 / 15, 3 - 4 * y * 5 / 8]
    np.testing.assert_allclose(discounts(counts), expected, rtol=1e-12)
    np.testing.assert_array_equal(discounts(np.array([5, 9])), [0, 0.5, 1.0, 1.5])


def test_weights_are_chosen_without_the_text_that_is_scored():
    tokens = np.random.default_rng(1).integers(0, 6, 4000)
    model = fit_ngrams(tokens, 6, 3)
    assert model.tuning == fit_ngrams(tokens.copy(), 6, 3).tuning
    assert len(model.tuning) == 3


def test_a_long_text_is_counted_up_to_the_limit(monkeypatch):
    monkeypatch.setattr(ngrams, "MAX_COUNTED", 1000)
    tokens = np.concatenate((np.zeros(1000, int), np.ones(5000, int)))
    log_probs = next(fit_ngrams(tokens, 2, 1).log_probs_by_order(np.array([0])))
    assert math.exp(log_probs[0]) > 0.99


def test_a_text_without_tokens_is_refused():
    with pytest.raises(ValueError, match="needs a token"):
        fit_ngrams(np.array([], dtype=int), 5, 2)


@pytest.mark.parametrize("order", [1, 3, 5])
def test_long_texts_counted_by_the_compiled_code_score_the_same(monkeypatch, order):
    rng = np.random.default_rng(0)
    train, text = (np.minimum(rng.zipf(1.3, n), 40) - 1 for n in (6000, 500))
    plain = fit_ngrams(train, 40, order).cross_entropies(text)
    monkeypatch.setattr(counting, "RUNS_COMPILED_FROM", 1)
    assert fit_ngrams(train, 40, order).cross_entropies(text) == pytest.approx(plain, rel=1e-12)


def test_a_text_scored_in_blocks_scores_as_a_whole(monkeypatch):
    rng = np.random.default_rng(0)
    train, text = (np.minimum(rng.zipf(1.3, n), 40) - 1 for n in (3000, 500))
    model = fit_ngrams(train, 40, 5)
    whole = [-log_probs[1:].mean() for log_probs in model.log_probs_by_order(text)]
    monkeypatch.setattr(ngrams, "SCORED_AT_ONCE", 37)
    assert model.cross_entropies(text) == pytest.approx(whole, rel=1e-12)


@pytest.mark.parametrize("tokenizer", ["char", "bpe:512"])
def test_the_strongest_is_better_than_textbook_kneser_ney_on_real_text(tokenizer):
    """That of the paper, which a test above holds this code to; its top order scores alone, as there.

    It is one of the opinions mixed, so that no order can lose by more than the error of weights chosen on
    a tenth of the training text: here two standard errors of the mean difference over 60 stretches.
    """
    prepared = prepare(DataConfig(corpus="python-reference", tokenizer=tokenizer))
    counts = Counts(np.asarray(prepared.train), prepared.tokenizer.d_vocab, 5)
    textbook = NgramModel(counts, [Tuning(1.0, KNESER_NEY)] * 5)
    ours = fit_ngrams(prepared.train, prepared.tokenizer.d_vocab, 5)
    both = zip(*(model.log_probs_by_order(prepared.val) for model in (ours, textbook)), strict=True)
    for own, paper in both:
        lost = np.array([stretch.mean() for stretch in np.array_split((paper - own)[1:], 60)])
        assert lost.mean() <= 2 * lost.std(ddof=1) / math.sqrt(60)
    assert min(ours.cross_entropies(prepared.val)) < min(textbook.cross_entropies(prepared.val))
