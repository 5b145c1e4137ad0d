import shutil

import numpy as np
import pytest

from playground.config import DataConfig, ModelConfig, RunConfig
from playground.prepare import prepare
from playground.prepared import save_prepared
from playground.run_text import has_text, text_folder
from playground.runs import RunError

CORPUS = DataConfig(corpus="modular", tokenizer="char")


def quiet(*_):
    """Nobody asks how far it is."""


def make_run(root, data, start_from=""):
    """A run folder with its config, its tokens and its tokenizer."""
    run = root / "run"
    run.mkdir()
    config = RunConfig(data=data, model=ModelConfig(d_vocab=64), start_from=start_from)
    (run / "config.json").write_text(config.to_json())
    save_prepared(prepare(data), run)
    return run


def test_a_runs_own_text_is_the_one_it_has(tmp_path):
    run = make_run(tmp_path, CORPUS)
    assert has_text(run)
    assert text_folder(run, quiet) == run


def test_a_text_that_was_not_kept_is_made_again_token_by_token(tmp_path):
    run = make_run(tmp_path, CORPUS)
    kept = np.load(run / "tokens" / "train.npy")
    shutil.rmtree(run / "tokens")
    assert not has_text(run)
    folder = text_folder(run, quiet)
    assert folder != run
    np.testing.assert_array_equal(np.load(folder / "tokens" / "train.npy"), kept)


def test_what_cannot_be_made_again_is_said_in_a_sentence(tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("the cat sat on the mat. " * 200)
    run = make_run(tmp_path, DataConfig(corpus="text", text_file=str(text), tokenizer="char"))
    shutil.rmtree(run / "tokens")
    with pytest.raises(RunError, match="of run was not kept with it"):
        text_folder(run, quiet)


def test_a_text_that_is_cut_otherwise_today_is_not_taken_for_the_runs_own(tmp_path):
    run = make_run(tmp_path, CORPUS)
    shutil.rmtree(run / "tokens")
    next((run / "tokenizer").glob("*.json")).write_text('{"kind": "other"}')
    with pytest.raises(RunError, match="cut otherwise today"):
        text_folder(run, quiet)


def test_a_model_trained_elsewhere_has_no_text_here(tmp_path):
    run = make_run(tmp_path, CORPUS, start_from="gpt2")
    shutil.rmtree(run / "tokens")
    with pytest.raises(RunError, match="trained elsewhere"):
        text_folder(run, quiet)
