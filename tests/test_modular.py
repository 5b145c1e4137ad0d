import math
import re

import pytest

from playground.corpora import modular
from playground.training import Data
from tests.small_runs import trained_loss


@pytest.mark.parametrize("modulus", [2, 10, 97, 113])
def test_sums_are_right_and_equally_wide(modulus):
    texts, nats = modular.generate(300, modulus, seed=0)
    for text in texts:
        a, b, total = map(int, re.split("[+=]", text))
        assert (a + b) % modulus == total < modulus
        assert max(a, b) < modulus
    assert len(set(map(len, texts))) == 1
    assert set(nats) == {2 * math.log(modulus)}


@pytest.mark.parametrize("modulus", [3, 12])
def test_probabilities_of_all_equations_add_up(modulus):
    texts = set(modular.generate(20_000, modulus, seed=1)[0])
    assert len(texts) == modulus**2
    assert sum(math.exp(-modular.nats(text, modulus)) for text in texts) == pytest.approx(1, rel=1e-9)


@pytest.mark.parametrize("text", ["", "1+1", "01+02=04", "1+2=3", "97+01=01", "٠١+٠٢=٠٣", "01+02=03\n"])
def test_what_can_not_occur_has_no_probability(text):
    assert modular.nats(text, 97) == math.inf
    assert modular.nats("01+02=03", 97) == modular.entropy(97)


def test_no_ngram_adds_and_no_model_beats_the_floor(prepared_corpus):
    prepared = prepared_corpus("modular:31")
    values = prepared.baselines
    assert min(values["held_out"].values()) > values["floor"] + 0.1
    loss = trained_loss(Data(prepared.train, prepared.val, 1.0), values["d_vocab"])
    assert loss > values["floor"] - 0.01
