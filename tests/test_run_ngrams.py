import threading

import numpy as np
import pytest

from playground import run_ngrams as module
from playground.config import DataConfig
from playground.prepare import prepare
from playground.prepared import save_prepared
from playground.run_ngrams import KEPT, run_ngrams
from playground.runs import RunError

WORDS = ("the cat", "a dog", "one bird", "my hen", "no fish")


def make_run(root, name, text):
    run = root / name
    run.mkdir()
    (root / "text.txt").write_text(text)
    save_prepared(prepare(DataConfig(corpus="text", text_file=str(root / "text.txt"), tokenizer="char")), run)
    return run


@pytest.fixture(scope="module")
def text():
    rng = np.random.default_rng(0)
    return " ".join(WORDS[i] for i in rng.integers(0, len(WORDS), 3000))


@pytest.fixture(autouse=True)
def nothing_kept():
    module._kept.clear()


def test_the_model_of_a_run_is_the_one_of_its_baselines(tmp_path, text):
    run = make_run(tmp_path, "run", text)
    prepared = prepare(DataConfig(corpus="text", text_file=str(tmp_path / "text.txt"), tokenizer="char"))
    by_order = list(run_ngrams(run).log_probs_by_order(prepared.val))
    held_out = list(prepared.baselines["held_out"].values())
    assert len(by_order) == len(held_out) == 5
    for log_probs, score in zip(by_order, held_out, strict=True):
        assert log_probs.shape == (len(prepared.val),)
        assert -log_probs[1:].mean() == pytest.approx(score, rel=1e-12)


def test_a_text_is_counted_once_for_all_runs_and_threads_that_use_it(tmp_path, text, monkeypatch):
    runs = [make_run(tmp_path, name, text) for name in ("a", "b")]
    fitted, found = [], []
    fit = module._fit
    monkeypatch.setattr(module, "_fit", lambda run: fitted.append(run) or fit(run))
    threads = [threading.Thread(target=lambda run=run: found.append(run_ngrams(run))) for run in runs * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(fitted) == len({id(model) for model in found}) == 1


def test_only_the_latest_models_stay_in_memory(tmp_path, text):
    runs = [make_run(tmp_path, str(i), text + "!" * i) for i in range(KEPT + 1)]
    models = [run_ngrams(run) for run in runs]
    assert len(module._kept) == KEPT
    assert run_ngrams(runs[-1]) is models[-1]
    assert run_ngrams(runs[0]) is not models[0]


def test_a_run_whose_text_is_prepared_anew_gets_a_new_model(tmp_path, text):
    run = make_run(tmp_path, "run", text)
    before = run_ngrams(run)
    save_prepared(
        prepare(DataConfig(corpus="text", text_file=str(tmp_path / "text.txt"), tokenizer="byte")), run
    )
    assert run_ngrams(run).counts.d_vocab != before.counts.d_vocab


def test_a_run_without_tokens_is_refused_in_a_sentence(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(RunError, match="empty has no training tokens"):
        run_ngrams(tmp_path / "empty")
