import dataclasses

import pytest
import torch

from playground import compile_choice, compiled_blocks, runs, worker
from playground.compile_choice import Choice, Experience, expect, known, remember, settle
from playground.compiled_blocks import beside, compile_blocks, obstacle, release_blocks
from playground.config import ConfigError
from playground.control import StopRequestedError
from playground.job import Job
from playground.models import Transformer
from playground.training import loss_of
from tests.small_runs import make_run
from tests.test_training import CONFIG, CPU, DATA, fresh
from tests.test_worker import losses, weights

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*torch.jit.script_method:DeprecationWarning"
)  # as it loads its compiler

BOARD = torch.arange(24).view(3, 8) % 6


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PLAYGROUND_CACHE", str(tmp_path / "cache"))


def job(**train):
    config = dataclasses.replace(CONFIG, train=dataclasses.replace(CONFIG.train, **train))
    return Job(config, DATA, CPU, *fresh(config), torch.Generator())


def gradients(model, tokens):
    model.zero_grad()
    loss = loss_of(model, tokens, tokens)
    loss.backward()
    return torch.cat([loss.detach().view(1), *(p.grad.flatten() for p in model.parameters())])


def test_compiled_blocks_learn_the_same_and_are_used_for_that_alone(monkeypatch):
    model, _ = fresh()
    with torch.no_grad():
        for p in model.parameters():
            p.normal_(0, 0.2)
    plain, names = gradients(model, BOARD), list(model.state_dict())
    calls = []
    real = torch.compile

    def counting(function, **settings):
        compiled = real(function, **settings)
        return lambda *inputs: calls.append(1) or compiled(*inputs)

    monkeypatch.setattr(torch, "compile", counting)
    compile_blocks(model)
    torch.testing.assert_close(gradients(model, BOARD), plain, atol=1e-5, rtol=1e-4)
    assert len(calls) == len(model.blocks)
    with torch.no_grad():
        model(BOARD[:1, :3])
    model.eval()
    model(BOARD[:2])
    assert len(calls) == len(model.blocks), "other shapes are not compiled"
    assert list(model.state_dict()) == names
    release_blocks(model)
    assert torch.equal(gradients(model.train(), BOARD), plain)


def test_a_compiled_run_resumes_bit_for_bit(tmp_path, monkeypatch):
    whole = make_run(tmp_path, "whole", steps=12, compile="on")
    assert worker.work(whole) == worker.DONE
    assert runs.status(whole)["compiled"] is True
    assert "of its time before" in runs.status(whole)["compile_reason"]
    run, real = make_run(tmp_path, "run", steps=12, compile="on"), worker.Worker._take

    class KilledError(BaseException):
        pass

    def take(self, record):
        real(self, record)
        if record["step"] == 8:
            raise KilledError

    monkeypatch.setattr(worker.Worker, "_take", take)
    with pytest.raises(KilledError):
        worker.work(run)
    monkeypatch.setattr(worker.Worker, "_take", real)
    torch._dynamo.reset()
    assert worker.work(run, resume=True) == worker.DONE
    assert losses(run) == losses(whole)
    assert weights(run, 12) == weights(whole, 12)


def test_it_is_compiled_where_that_pays_back_within_the_run(monkeypatch):
    ticks = iter(range(1000))
    monkeypatch.setattr(compile_choice, "timed", lambda step: 0.1)
    monkeypatch.setattr(compile_choice, "rehearsal", lambda *parts: lambda: next(ticks))
    assert not expect(job(steps=3000), None).compiled  # 300 s of which 45 are saved, for 30
    assert expect(job(steps=6000), None).compiled
    assert expect(job(steps=600, accumulate=10), None).compiled
    assert expect(job(steps=300), Experience(seconds=2.0, share=0.8)).compiled
    late = job(steps=6000)
    late.progress.step = 5900
    assert not expect(late, None).compiled, "only what is left counts"
    choice = expect(job(steps=10**9), Experience(seconds=2.0, share=0.99))
    assert choice == Choice(False, choice.why), "it gives next to nothing"


def test_experience_is_kept_by_shape():
    config, wider = job().config, job(batch_size=8).config
    assert known(config, CPU) is None
    remember(config, CPU, Experience(12.5, 0.8))
    remember(wider, CPU, Experience(20.0, 0.9))
    assert known(config, CPU) == Experience(12.5, 0.8)
    deeper = dataclasses.replace(config, model=dataclasses.replace(config.model, n_layers=7))
    assert known(deeper, CPU) == Experience(12.5, 0.8), "all blocks are one piece of code"


def test_what_does_not_pay_is_let_go(monkeypatch):
    times = iter([1.0] * 20)
    monkeypatch.setattr(compile_choice, "timed", lambda step: next(times))
    monkeypatch.setattr(compile_choice, "compile_blocks", lambda model: None)
    monkeypatch.setattr(compile_choice, "expect", lambda *known: Choice(True, ""))
    choice = settle(job(), None, 1, lambda: None)
    assert not choice.compiled
    assert "100% of its time" in choice.why
    assert known(job().config, CPU).share == 1.0


def test_auto_goes_on_as_before(monkeypatch):
    monkeypatch.setattr(compile_choice, "expect", lambda *known: pytest.fail("it was measured anew"))
    assert settle(job(), False, 1, lambda: None).why == "Not compiled, as before."
    assert not settle(job(compile="off"), True, 1, lambda: None).compiled


def test_a_failing_compiler_is_said_and_auto_does_without(monkeypatch):
    def fail(model):
        for block in model.blocks:
            block.forward = lambda *inputs: (_ for _ in ()).throw(RuntimeError("g++: no such luck\nmore"))

    monkeypatch.setattr(compile_choice, "compile_blocks", fail)
    monkeypatch.setattr(compile_choice, "expect", lambda *known: Choice(True, ""))
    auto = job()
    choice = settle(auto, None, 1, lambda: None)
    assert choice == Choice(False, "Not compiled: the compiler failed (g++: no such luck).")
    assert torch.isfinite(gradients(auto.model, BOARD)).all()
    with pytest.raises(ConfigError, match="no such luck.*auto or off"):
        settle(job(compile="on"), None, 1, lambda: None)


@pytest.mark.parametrize(
    ("model", "data", "environment", "processes", "words"),
    [
        ({"architecture": "lstm"}, {}, {}, 1, "LSTM"),
        ({}, {"batches": "padded"}, {}, 1, "width"),
        ({}, {}, {"SPACES_ZERO_GPU": "true"}, 1, "ZeroGPU"),
        ({}, {}, {"PATH": "", "CXX": ""}, 1, "no C compiler"),
        ({}, {}, {}, 2, "several processes"),
        ({}, {}, {}, 1, ""),
    ],
)
def test_obstacles_are_named(monkeypatch, model, data, environment, processes, words):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    config = dataclasses.replace(
        CONFIG,
        model=dataclasses.replace(CONFIG.model.underived(), **model),
        data=dataclasses.replace(CONFIG.data, **data),
    )
    if not environment:
        monkeypatch.setattr(compiled_blocks.shutil, "which", lambda name: name)
    found = obstacle(config, CPU, processes)
    assert (words in found) if words else found == ""
    if words:
        assert found in settle(dataclasses.replace(job(), config=config), None, processes, lambda: None).why


def test_a_stop_is_heard_while_it_compiles():
    def stop():
        raise StopRequestedError

    with pytest.raises(StopRequestedError):
        beside(lambda: __import__("time").sleep(0.3), stop)
    with pytest.raises(ZeroDivisionError):
        beside(lambda: 1 / 0, lambda: None)
    assert isinstance(fresh()[0], Transformer)
