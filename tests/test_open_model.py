"""The field of the Runs tab that opens a Hugging Face model."""

import pytest

from playground import runs
from playground.ui import messages
from playground.ui.open_model import open_model, say_size
from tests.tiny_models import tiny_model


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("PLAYGROUND_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


def test_the_size_is_said_first_and_opening_makes_a_run(root, tmp_path):
    tiny_model(tmp_path / "tiny-llama", "llama")
    *_, size = say_size(str(tmp_path / "tiny-llama"))
    assert "llama, 0.0M parameters" in size
    assert runs.list_runs(root) == []
    first, *_, last = open_model(f" {tmp_path / 'tiny-llama'} ")
    assert "Looking the model up" in first
    assert "Opened as tiny-llama" in last
    assert [run.name for run in runs.list_runs(root)] == ["tiny-llama"]


def test_what_is_wrong_is_said_in_one_escaped_sentence(root, tmp_path):
    for name, words in (("  ", "Type the name"), ("/no/<b>", "There is no folder &#x27;/no/&lt;b&gt;&#x27;")):
        *_, said = open_model(name)
        assert messages.is_error(said)
        assert words in said
    assert runs.list_runs(root) == []


def test_an_error_that_nobody_foresaw_ends_the_waiting(root, monkeypatch):
    monkeypatch.setattr("playground.pretrained.facts_of", lambda name: 1 / 0)
    with pytest.warns(pytest.PytestUnhandledThreadExceptionWarning):
        said = list(say_size("a/b"))
    assert "the log of the app says why" in said[-1]
