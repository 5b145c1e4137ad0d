import itertools
import math
import random
from collections import Counter

import pytest

from playground.corpora.grammar import Grammar, GrammarError, Word

HE = {"he": "he", "toys": "boy_toys"}
SHE = {"he": "she", "toys": "girl_toys"}
TABLES = {
    "names": (Word("Ann", 3, SHE), Word("Bob", 2, HE), Word("Cat", 1, SHE)),
    "boy_toys": (Word("car", 1), Word("kite", 3)),
    "girl_toys": (Word("doll", 1), Word("kite", 1)),
}
RULES = {
    "story": {"{hero=names} and {friend=names except hero} ran.{more}": 3, "{!hero=names}{toy_story}": 1},
    "more": {"": 1, " {hero.He} won.": 2, " {Friend} won.": 1},
    "toy_story": {"The {toy=hero.toys} of {hero}: a {toy}!": 1},
}
WEIGHTS = {"Ann": 3, "Bob": 2, "Cat": 1}


def every_text() -> dict[str, float]:
    """The same language written out by hand."""
    texts: Counter[str] = Counter()
    for hero, friend in itertools.permutations(WEIGHTS, 2):
        p = 3 / 4 * WEIGHTS[hero] / 6 * WEIGHTS[friend] / (6 - WEIGHTS[hero])
        he = "He" if hero == "Bob" else "She"
        for ending, q in (("", 1 / 4), (f" {he} won.", 2 / 4), (f" {friend} won.", 1 / 4)):
            texts[f"{hero} and {friend} ran.{ending}"] += p * q
    for hero in WEIGHTS:
        toys = {"car": 1 / 4, "kite": 3 / 4} if hero == "Bob" else {"doll": 1 / 2, "kite": 1 / 2}
        for toy, q in toys.items():
            texts[f"The {toy} of {hero}: a {toy}!"] += WEIGHTS[hero] / 24 * q
    return texts


def test_every_text_of_a_small_language_has_its_exact_probability():
    grammar, texts = Grammar(RULES, TABLES), every_text()
    assert math.fsum(texts.values()) == pytest.approx(1, abs=1e-12)
    for text, p in texts.items():
        assert grammar.nats(text) == pytest.approx(-math.log(p), abs=1e-12)


def test_tell_draws_by_that_law():
    grammar, texts, rng = Grammar(RULES, TABLES), every_text(), random.Random(1)
    n = 20_000
    told = Counter(grammar.tell(rng)[0] for _ in range(n))
    assert set(told) <= set(texts)
    chi2 = sum((told[t] - n * p) ** 2 / (n * p) for t, p in texts.items())
    assert chi2 < len(texts) + 6 * math.sqrt(2 * len(texts))


@pytest.mark.parametrize("text", [
    "", "Ann", "Ann and Ann ran.", "Ann and Bob ran", "Ann and Bob ran. ", "Ann and Bob ran. He won.",
    "Ann and Bob ran. Cat won.", "The car of Bob: a kite!", "The car of Ann: a car!",
    "The kite of bob: a kite!",
])  # fmt: skip
def test_a_text_outside_the_language_has_probability_zero(text):
    assert Grammar(RULES, TABLES).nats(text) == math.inf


def test_derivations_of_the_same_text_are_added_up():
    grammar = Grammar({"story": {"a{tail}": 1, "aa": 3, "b": 4}, "tail": {"a": 1, "b": 1}}, {})
    assert grammar.nats("aa") == pytest.approx(-math.log(1 / 8 * 1 / 2 + 3 / 8), abs=1e-12)
    assert grammar.nats("b") == pytest.approx(-math.log(1 / 2), abs=1e-12)


def test_recursion_gives_a_geometric_law_and_long_texts_do_not_underflow():
    grammar = Grammar({"story": {"x{story}": 1, "x": 1}}, {})
    assert grammar.nats("x" * 3000) == pytest.approx(3000 * math.log(2), rel=1e-12)


def test_two_long_derivations_are_added_without_underflow():
    grammar = Grammar({"story": {"{silly}": 1}, "silly": {"x{silly}": 1, "x": 1, "": 1}}, {})
    # n - 1 letters and then "x", or n letters and then "".
    assert grammar.nats("x" * 2000) == pytest.approx(2001 * math.log(3) - math.log(3 + 1), rel=1e-12)


@pytest.mark.parametrize(("template", "word"), [
    ("{nobody}", "nobody"), ("{x=nowhere}", "nowhere"), ("{x=words except who}", "who"), ("{open", "brace"),
    ("{x=story}", "table"), ("{words=words}", "words"), ("close}", "brace"), ("{x=y.spots}", "y"),
])  # fmt: skip
def test_a_reference_to_nothing_is_refused_and_named(template, word):
    with pytest.raises(GrammarError, match=word):
        Grammar({"story": {template: 1}}, {"words": (Word("w"),)})
