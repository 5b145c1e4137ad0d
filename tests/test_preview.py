import dataclasses

import pytest

from playground.config import DataConfig, ModelConfig
from playground.corpora import text_corpus
from playground.prepare import prepare_corpus
from playground.presets import PRESETS
from playground.ui.preview import preview_html

TEXT = "the cat sat on the mat. " * 40


def prepared(tokenizer):
    data = DataConfig(corpus="text", text_file="x", tokenizer=tokenizer)
    return data, prepare_corpus(text_corpus(TEXT), data)


def test_the_card_shows_the_numbers_of_the_run():
    data, text = prepared("char")
    config = dataclasses.replace(PRESETS["tiny"].config, data=data)
    card = preview_html(config, text)
    numbers = text.baselines
    assert f"{len(text.train):,} training tokens" in card
    for value in (numbers["uniform"], numbers["unigram"], numbers["held_out"]["bigram"]):
        assert f"{value:.3f}" in card
    assert "floor" not in card


@pytest.mark.parametrize(
    ("tokenizer", "changes", "words"),
    [
        ("bpe:5000", {}, "of the 5,000 tokens asked for"),
        ("char", {"model": ModelConfig(n_ctx=4096)}, "shorter context"),
        ("char", {"batches": "padded"}, "not made of documents"),
    ],
)
def test_what_can_not_work_is_said_before_the_launch(tokenizer, changes, words):
    data, text = prepared(tokenizer)
    data = dataclasses.replace(data, batches=changes.pop("batches", "packed"))
    config = dataclasses.replace(PRESETS["tiny"].config, data=data, **changes)
    assert words in preview_html(config, text)
