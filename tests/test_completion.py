import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from playground.completion import StopStrings, complete
from playground.config import ConfigError, ModelConfig, SampleConfig
from playground.models import Transformer
from playground.tokenizers import build_tokenizer


@given(st.text("ab<>", max_size=30), st.lists(st.text("ab<>", min_size=1, max_size=4), max_size=3), st.data())
def test_a_stream_ends_where_the_whole_text_would(text, strings, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    stop, out = StopStrings(tuple(strings)), ""
    for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        out += stop.feed(text[start:end])
        assert text.startswith(out)
        if stop.found:
            break
    out += stop.flush()
    ends = [text.find(string) for string in strings if string in text]
    if not stop.found:
        assert out == text
        assert not ends
    else:
        assert out in {text[:end] for end in ends}
        assert text[len(out) :].startswith(stop.found)


def test_the_first_of_several_strings_ends_the_text():
    stop = StopStrings(("bc", "b"))
    assert (stop.feed("ab"), stop.found) == ("a", "b")


@pytest.fixture
def trained_on_abc():
    """A tokenizer of a, b, c and a model that says them in turn."""
    tokenizer = build_tokenizer("char", ["abc"], end_token=False)
    model = Transformer(ModelConfig(d_vocab=3, n_ctx=8, d_model=4, n_heads=1, n_layers=1, positions="none"))
    with torch.no_grad():
        for p in model.parameters():
            p.zero_()
        model.norm.weight.fill_(1.0)
        model.embed.weight[:, :3] = torch.eye(3)
        model.unembed.weight[:, :3] = 20 * torch.eye(3).roll(1, dims=0)
    return model, tokenizer


def texts(model, tokenizer, **settings):
    return [piece.text for piece in complete(model, tokenizer, [0], SampleConfig(**settings))]


def test_the_text_ends_before_a_stop_string(trained_on_abc):
    assert "".join(texts(*trained_on_abc, max_tokens=7)) == "bcabcab"
    stopped = texts(*trained_on_abc, max_tokens=7, stop=("abca", "cab"))
    assert "".join(stopped) == "b"
    assert stopped[:2] == ["b", ""], "a beginning of a stop string must be held back"
    assert "".join(texts(*trained_on_abc, max_tokens=3, stop=("cax",))) == "bca", "what was held back is lost"


def test_beams_write_through_the_same_door(trained_on_abc):
    assert "".join(texts(*trained_on_abc, max_tokens=5, beams=2)) == "bcabc"


def test_an_empty_stop_string_is_refused():
    with pytest.raises(ConfigError, match="stop"):
        SampleConfig(stop=("",))


def test_beams_can_be_left_while_they_are_followed(trained_on_abc):
    model, tokenizer = trained_on_abc
    pieces = list(complete(model, tokenizer, [0], SampleConfig(max_tokens=5, beams=2)))
    assert [(piece.text, piece.drawn) for piece in pieces[:5]] == [("", None)] * 5
    assert "".join(piece.text for piece in pieces) == "bcabc"
