import pytest

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
