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
