import pytest
import torch

from playground import loading, runs, worker
from playground.checkpoint import CheckpointError
from playground.loading import load_run, newest_step
from playground.sampling import generate
from tests.small_runs import make_run, small_config


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    import signal

    handlers = {name: signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)}
    run = make_run(tmp_path_factory.mktemp("runs"))
    worker.work(run)
    for name, handler in handlers.items():
        signal.signal(name, handler)
    return run


def test_the_newest_checkpoint_is_loaded_and_talks(run):
    loaded = load_run(run)
    assert (loaded.run, loaded.step) == (run.name, 30)
    assert not loaded.model.training
    settings = small_config().sample
    drawn = generate(loaded.model, loaded.tokenizer.encode("the "), settings)
    text = loaded.tokenizer.decode([d.token for d in drawn])
    last = [s for s in runs.read_samples(run)[0] if s["step"] == 30 and s["prompt"] == "the "]
    assert text == last[0]["completion"], "the loaded model says what the training model said"


def test_another_checkpoint_is_loaded_by_its_step(run):
    assert load_run(run, 25).step == 25
    assert not torch.equal(load_run(run, 25).model.embed.weight, load_run(run, 30).model.embed.weight)


def test_what_is_missing_is_named(run, tmp_path):
    with pytest.raises(CheckpointError, match="no checkpoint of step 7"):
        load_run(run, 7)
    with pytest.raises(runs.NoCheckpointYetError, match="no checkpoint yet"):
        newest_step(make_run(tmp_path))


def test_a_checkpoint_that_goes_while_it_is_read_is_looked_for_again(run, monkeypatch):
    real, tries = loading.load_model_weights, []

    def load(folder, model):
        tries.append(folder.name)
        if len(tries) == 1:
            raise CheckpointError("gone")
        real(folder, model)

    monkeypatch.setattr(loading, "load_model_weights", load)
    assert load_run(run).step == 30
    assert len(tries) == 2
    tries.clear()
    with pytest.raises(CheckpointError, match="gone"):
        load_run(run, 30)
