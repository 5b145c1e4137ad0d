import dataclasses

import pytest

from playground.accounting import count_parameters, lstm_of_equal_size
from playground.config import ConfigError
from playground.presets import DEFAULT_PRESET, PRESETS, preset


def test_every_preset_knows_its_name_and_says_what_to_look_for():
    for name, entry in PRESETS.items():
        assert entry.name == entry.config.preset == name
        assert entry.look_for.endswith(".")
    assert DEFAULT_PRESET in PRESETS


def test_an_unknown_preset_is_refused_with_the_known_ones():
    with pytest.raises(ConfigError, match=f"{DEFAULT_PRESET}.*'nope'"):
        preset("nope")


@pytest.mark.parametrize(
    ("name", "d_vocab", "parameters"),
    [
        # Derived by hand from the shapes, with attention 4 d^2 and an MLP 8 d^2 a layer:
        # 2 * 50257 * 256 + 256 * 256 + 2 * (12 * 256^2 + 9 * 256 + 4 * 256) + 2 * 256
        ("arena", 50_257, 27_377_152),
        # 2 * 50257 * 768 + 4 * (12 * 768^2 + 9 * 768 + 4 * 768) + 2 * 768
        ("tinystories", 50_257, 105_547_776),
        # 40 * 128 + 64 * 128 + 4 * (12 * 128^2 + 2 * 128) + 128
        ("course-cpu", 40, 800_896),
        # 40 * 222 + 2 * (8 * 222^2 + 8 * 222)
        ("course-lstm", 40, 800_976),
        # 65 * 128 + 64 * 128 + 4 * (12 * 128^2 + 2 * 128) + 128
        ("shakespeare-cpu", 65, 804_096),
        # 65 * 384 + 256 * 384 + 6 * (12 * 384^2 + 2 * 384) + 384: nanoGPT prints "10.65M" without positions
        ("shakespeare-gpu", 65, 10_745_088),
        ("gpt2", 50_257, 124_439_808),
        ("gpt2-xl", 50_257, 1_557_611_200),
    ],
)
def test_the_presets_have_exactly_their_parameters(name, d_vocab, parameters):
    model = dataclasses.replace(preset(name).config.model, d_vocab=d_vocab)
    assert count_parameters(model)["total"] == parameters


NUMBERS = {  # what the courses and nanoGPT publish
    "arena": "n_layers 2, n_heads 4, d_model 256, d_head 64, d_mlp 1024, n_ctx 256, tokenizer gpt2, "
    "batch_size 16, optimizer adamw, lr 0.001, weight_decay 0.01, schedule constant, steps 2000, "
    "eval_every 200",
    "tinystories": "n_layers 4, n_heads 12, d_model 768, d_mlp 3072, positions sinusoidal, n_ctx 1000, "
    "tie_embeddings False, optimizer adamw, lr 0.0005, schedule linear, lr_min 0.0, max_grad_norm 1.0, "
    "batches padded, checkpoint_every 50, eval_every 50, patience 5",
    "course-cpu": "n_layers 4, n_heads 4, d_model 128, n_ctx 64, tie_embeddings True, tokenizer alphabet, "
    "batch_size 12, accumulate 40, schedule cosine, lr 0.001, lr_min 0.0001, warmup_steps 100, "
    "weight_decay 0.1, beta1 0.9, beta2 0.99, steps 2000",
    "course-lstm": "architecture lstm, n_ctx 64, tokenizer alphabet, batch_size 12, accumulate 40, "
    "steps 2000",
    "shakespeare-cpu": "n_layers 4, n_heads 4, d_model 128, n_ctx 64, dropout 0.0, bias False, "
    "batch_size 12, accumulate 1, lr 0.001, lr_min 0.0001, warmup_steps 100, beta2 0.99, steps 2000",
    "shakespeare-gpu": "n_layers 6, n_heads 6, d_model 384, n_ctx 256, dropout 0.2, bias False, "
    "batch_size 64, lr 0.001, lr_min 0.0001, warmup_steps 100, beta2 0.99, steps 5000",
    "gpt2": "n_layers 12, n_heads 12, d_model 768, n_ctx 1024, tie_embeddings True, bias True, "
    "batch_size 12, accumulate 40, lr 0.0006, lr_min 6e-05, warmup_steps 2000, beta2 0.95, steps 600000",
    "gpt2-xl": "n_layers 48, n_heads 25, d_model 1600, n_ctx 1024, accumulate 1024, steps 400000",
}


@pytest.mark.parametrize("name", NUMBERS)
def test_the_presets_have_the_numbers_that_are_published(name):
    config = preset(name).config
    parts = (config.model, config.data, config.optim, config.train)
    values = {key: value for part in parts for key, value in dataclasses.asdict(part).items()}
    wanted = dict(words.split() for words in NUMBERS[name].split(", "))
    assert {key: str(values[key]) for key in wanted} == wanted
    if name == "tinystories":
        assert values["warmup_steps"] > 0


def test_the_lstm_is_the_one_of_equal_size():
    model = dataclasses.replace(preset("course-cpu").config.model, d_vocab=40)
    rival = dataclasses.replace(preset("course-lstm").config.model, d_vocab=40)
    equal = lstm_of_equal_size(dataclasses.replace(model, bias=True), n_layers=2)
    assert rival.d_model == pytest.approx(equal.d_model, abs=1)
    assert count_parameters(rival)["total"] == pytest.approx(count_parameters(model)["total"], rel=0.005)


def test_the_course_text_has_forty_symbols():
    from playground.tokenizers import COURSE_ALPHABET

    assert preset("course-cpu").config.data.tokenizer == "alphabet"
    assert len(set(COURSE_ALPHABET)) == 40
