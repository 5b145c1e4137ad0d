import numpy as np
import pytest

from playground import ngram_tables
from playground.ngram_tables import next_token_tables
from playground.ngrams import fit_ngrams

D_VOCAB = 7


@pytest.fixture(scope="module")
def model():
    rng = np.random.default_rng(0)
    tokens = rng.choice(D_VOCAB - 1, size=600, p=np.array([8, 4, 2, 1, 1, 1]) / 17)  # token 6 never comes
    return fit_ngrams(tokens, D_VOCAB, 4)


@pytest.mark.parametrize("numbers", [1, 3 * D_VOCAB, 1 << 20])
def test_tables_hold_what_the_model_says_of_each_token_alone(monkeypatch, model, numbers):
    monkeypatch.setattr(ngram_tables, "BLOCK_NUMBERS", numbers)
    text = np.array([0, 3, 6, 1, 0, 0, 5, 5, 4, 2])
    tables = next_token_tables(model, text, 3)
    assert tables.shape == (3, len(text), D_VOCAB)
    for pos in range(len(text)):
        for token in range(D_VOCAB):
            alone = list(model.log_probs_by_order(np.append(text[: pos + 1], token)))
            expected = [np.exp(log_probs[-1]) for log_probs in alone[:3]]
            np.testing.assert_allclose(tables[:, pos, token], expected, rtol=1e-6)
    np.testing.assert_allclose(tables.sum(axis=-1), 1, atol=1e-6)


def test_a_short_text_has_fewer_orders_and_unknown_ids_are_refused(model):
    assert next_token_tables(fit_ngrams(np.array([1, 2]), 3, 5), np.array([1]), 3).shape == (2, 1, 3)
    with pytest.raises(ValueError, match="7"):
        next_token_tables(model, np.array([7]), 3)
