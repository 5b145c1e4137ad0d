from collections import Counter

import pytest

from playground.config import DataConfig
from playground.prepare import tokenizer_of, training_texts
from playground.tokenizers.bpe import train_bpe
from playground.tokenizers.merge_counts import join, merge_counts

TEXTS = ("the little cat sat on the mat.\n\tIt sat there. aaaa aaa ", "naïve café — 😀👍🏽 ") * 20


def test_each_merge_makes_as_many_tokens_as_the_library_finds_right_after_it():
    tokenizer = train_bpe(TEXTS, 300, end_token=True)
    made = merge_counts(tokenizer, TEXTS)
    assert len(made) == len(tokenizer.merges) == 300 - 257
    for number, count in enumerate(made):
        part = tokenizer.after(number + 1)
        found = sum(Counter(part.encode(text))[256 + number] for text in TEXTS)
        assert count == found, tokenizer.merges[number]


def test_a_corpus_is_counted_as_it_is_trained_on():
    config = DataConfig(corpus="toy-stories", tokenizer="bpe:300")
    made = merge_counts(tokenizer_of(config), training_texts(config))
    assert made == sorted(made, reverse=True)  # each merge was the most frequent pair of its time
    assert made[-1] > 1000


@pytest.mark.parametrize(
    ("word", "joined", "places"),
    [("aaa", ["aa", "a"], 1), ("aaaa", ["aa", "aa"], 2), ("bab", ["b", "a", "b"], 0), ("", [], 0)],
)
def test_a_pair_is_joined_from_left_to_right(word, joined, places):
    assert join(list(word), ("a", "a")) == (joined, places)
