import math
import random
import re
from collections import Counter

import numpy as np
import pytest

from playground.config import DataConfig
from playground.corpora.toy_stories import generate_stories, story_nats, tell
from playground.corpora.toy_words import TABLES
from playground.prepare import prepare
from playground.training import Data
from tests.small_runs import trained_loss


@pytest.fixture(scope="module")
def told():
    return generate_stories(2000, seed=3)


def test_parsing_a_story_back_gives_the_probability_it_was_drawn_with(told):
    stories, nats = told
    for story, drawn in zip(stories[:500], nats[:500], strict=True):
        assert story_nats(story) == pytest.approx(drawn, abs=1e-9)


def test_same_seed_same_stories_other_seed_others():
    stories, nats = generate_stories(50, seed=1)
    again, nats_again = generate_stories(50, seed=1)
    assert stories == again
    assert np.array_equal(nats, nats_again)
    assert not set(stories) & set(generate_stories(50, seed=2)[0])
    rng = random.Random(1)
    assert [tell(rng)[0] for _ in range(50)] == list(stories)


def test_stories_are_distinct_short_and_plain(told):
    stories, nats = told
    assert nats.shape == (2000,)
    assert nats.dtype == np.float64
    assert len(set(stories)) > 0.99 * len(stories)
    assert all(story.isascii() and 250 <= len(story) <= 700 for story in stories)
    assert 400 < np.mean([len(s) for s in stories]) < 500
    words = {w.lower() for s in stories for w in re.findall(r"[A-Za-z]+", s)}
    assert 300 < len(words) < 600


def test_the_entropy_is_what_the_page_can_show(told):
    stories, nats = told
    assert 38 < nats.mean() < 70
    assert 0.05 < nats.sum() / sum(map(len, stories)) < 0.25


def test_neither_counting_nor_a_trained_model_goes_below_the_floor():
    prepared = prepare(DataConfig(corpus="toy-stories", tokenizer="char", max_documents=60))
    values = prepared.baselines
    assert min(values["held_out"].values()) > values["floor"]
    loss = trained_loss(Data(prepared.train, prepared.val, 1.0), values["d_vocab"])
    assert values["floor"] < loss < values["uniform"]


def test_two_halves_estimate_the_same_entropy(told):
    first, second = np.split(told[1], 2)
    error = math.hypot(first.std(), second.std()) / math.sqrt(1000)
    assert abs(first.mean() - second.mean()) < 4 * error


def test_any_change_of_one_word_changes_the_probability_or_makes_it_zero(told):
    """A word put in the place of another is another story: the law gives each its own number."""
    rng = random.Random(0)
    vocabulary = sorted({w for s in told[0] for w in s.split()})
    impossible = 0
    for story in told[0][:100]:
        words = story.split()
        at = rng.randrange(len(words))
        words[at] = rng.choice([w for w in vocabulary if w != words[at]])
        impossible += story_nats(" ".join(words)) == math.inf
    assert impossible > 90


@pytest.mark.parametrize("change", [
    lambda s: "", lambda s: s[:-1], lambda s: s + " ", lambda s: s + " The end.", lambda s: s.lower(),
    lambda s: s.replace(" ", "  ", 1), lambda s: "\n" + s, lambda s: s + s,
])  # fmt: skip
def test_what_is_no_story_has_probability_zero(told, change):
    assert all(story_nats(change(story)) == math.inf for story in told[0][:20])


def test_a_rename_or_a_recolouring_must_go_through_the_whole_story():
    """The name and the color come back: changed in one place only, the story is impossible."""
    story = (
        "Lily was a happy little girl. She had a big red ball. One day, Lily took the ball to the park and "
        "threw it high into the air. But when she stopped to watch the clouds, she lost the ball. She looked "
        "under the bench and by the gate, but it was not there. Then Tom came to help and looked near the "
        'pond. "Here is your red ball!" said Tom. "Thank you, Tom!" said Lily. From that day on, Lily took '
        "good care of the red ball."
    )
    assert math.isfinite(story_nats(story))
    assert math.isfinite(story_nats(story.replace("Lily", "Mia")))
    assert math.isfinite(story_nats(story.replace("red", "pink")))
    assert math.isfinite(story_nats(story.replace("happy", "kind")))
    for old, new in (
        ("Lily", "Mia"),
        ("red", "pink"),
        ("Tom", "Sam"),
        ("She", "He"),
        ("ball", "doll"),
        ("girl", "boy"),
    ):
        assert story_nats(story.replace(old, new, 1)) == math.inf
    assert story_nats(story.replace("park", "beach")) == math.inf  # its spots are those of a park


def test_heroes_come_as_often_as_their_weights_say():
    n = 5000
    weights = {word.text: word.weight for word in TABLES["names"]}
    any_name = re.compile(rf"\b({'|'.join(weights)})\b")
    seen = Counter(any_name.findall(story)[0] for story in generate_stories(n, seed=11)[0])
    expected = {name: n * weight / sum(weights.values()) for name, weight in weights.items()}
    chi2 = sum((seen[name] - e) ** 2 / e for name, e in expected.items())
    assert chi2 < len(weights) + 6 * math.sqrt(2 * len(weights))


def test_english_is_clean():
    stories, _ = generate_stories(4000, seed=5)
    faults = (
        r"\ba [aeiou]", r"\ban [^aeiou]", r"\b(\w+) \1\b", r"  ", r"[{}]",
        r"\.\.|,,|\.,|!\.|\?\.", r"[.!?] [a-z]\w* [A-Z]",
    )  # fmt: skip
    for story in stories:
        assert story.count('"') % 2 == 0, story
        assert story[-1] in '.!"', story
        for fault in faults:
            assert not re.search(fault, story), (fault, story)


def test_a_negative_number_of_stories_is_refused_and_none_is_fine():
    assert generate_stories(0)[0] == ()
    with pytest.raises(ValueError, match="-1"):
        generate_stories(-1)
