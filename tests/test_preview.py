import dataclasses

from playground.config import DataConfig, ModelConfig
from playground.corpora import text_corpus
from playground.models import Transformer
from playground.presets import PRESETS
from playground.ui.preview import numbers_of, preview_html

TEXT = "the cat sat on the mat. " * 40


def test_the_card_shows_the_numbers_of_the_run():
    data = DataConfig(corpus="text", text_file="x", tokenizer="char")
    numbers = numbers_of(data, text_corpus(TEXT))
    config = dataclasses.replace(PRESETS["tiny"].config, data=data)
    card = preview_html(config, numbers)
    model = Transformer(dataclasses.replace(config.model, d_vocab=numbers["d_vocab"]))
    assert f"{sum(p.numel() for p in model.parameters()):,}" in card
    for value in (numbers["uniform"], numbers["unigram"], numbers["held_out"]["bigram"]):
        assert f"{value:.3f}" in card
    assert "floor" not in card


def test_what_can_not_work_is_said_before_the_launch():
    data = DataConfig(corpus="text", text_file="x", tokenizer="bpe:5000")
    numbers = numbers_of(data, text_corpus(TEXT))
    config = dataclasses.replace(PRESETS["tiny"].config, data=data)
    assert "of the 5,000 tokens asked for" in preview_html(config, numbers)
    chars = dataclasses.replace(data, tokenizer="char")
    long = dataclasses.replace(config, data=chars, model=ModelConfig(n_ctx=4096))
    assert "shorter context" in preview_html(long, numbers_of(chars, text_corpus(TEXT)))
