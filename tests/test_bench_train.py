import dataclasses

import numpy as np
import pytest
import torch

from playground.accounting import count_parameters
from playground.bench import train_loss, train_text
from playground.bench.own_loop import OwnLoop, with_precision
from playground.bench.plain_loop import PlainLoop
from playground.bench.train_overhead import LoopClock
from playground.bench.train_speed import at_vocabulary, default_recipe, interleave
from playground.presets import DEFAULT_PRESET, preset
from playground.training import Data

TEXT = Data(np.tile(np.arange(6), 60), np.tile(np.arange(6), 20), 1.0)


def tiny():
    classic = at_vocabulary(preset("shakespeare-cpu").config, 6)
    model = dataclasses.replace(
        classic.model.underived(), n_ctx=8, d_model=16, n_heads=2, n_layers=1, bias=True
    )
    return with_precision(dataclasses.replace(classic, model=model), "float32")


def test_both_loops_learn_models_of_the_same_size():
    config = tiny()
    plain, own = PlainLoop(config.model, 4, TEXT.train), OwnLoop(config, TEXT)
    sizes = [sum(p.numel() for p in loop.model.parameters()) for loop in (plain, own)]
    assert sizes[0] == sizes[1] == count_parameters(config.model)["total"]
    before = own.validation_loss()
    for step in [own.step] * 30 + [plain.step] * 30:
        step()
    assert own.n_steps == 30
    assert own.validation_loss() < before


def test_the_default_recipe_takes_the_size_of_another():
    recipe, default = default_recipe(tiny()), preset(DEFAULT_PRESET).config
    assert (recipe.model.d_model, recipe.model.n_ctx, recipe.model.d_mlp) == (16, 8, 64)
    assert (recipe.model.positions, recipe.optim) == (default.model.positions, default.optim)
    assert recipe.train.batch_size == 12


def test_loops_take_turns():
    order = []
    loops = {name: lambda name=name: order.append(name) for name in "ab"}
    times = interleave(loops, rounds=2, steps=2)
    assert "".join(order) == "ab" + "aabb" * 2
    assert [len(times[name]) for name in "ab"] == [2, 2]


@pytest.fixture(autouse=True)
def _same_threads_afterwards():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_time_to_loss_says_loss_and_ratio(monkeypatch, capsys):
    monkeypatch.setattr(train_loss, "STEPS", 4)
    monkeypatch.setattr(train_loss, "TURN", 2)
    rng = np.random.default_rng(0)
    train_loss.print_time_to_loss(Data(rng.integers(6, size=900), rng.integers(6, size=200), 1.0), 6)
    out = capsys.readouterr().out
    assert "4 steps: validation loss 1." in out
    assert "ratio" in out


def test_the_clock_leaves_out_evaluations_and_both_ends():
    def train():
        for step in range(6):
            yield {"step": step, "val_loss": 1.0} if step in (0, 3, 5) else {"step": step}

    clock = LoopClock(train)
    assert [record["step"] for record in clock()] == list(range(6))
    assert (len(clock.inside), len(clock.outside)) == (3, 4)
    assert min(clock.inside + clock.outside) >= 0


def test_the_text_is_named_or_built_in(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text("abcabcabca")
    monkeypatch.setenv(train_text.VARIABLE, str(tmp_path / "a.txt"))
    data, d_vocab, named = train_text.bench_text()
    assert (data.train.tolist(), data.val.tolist()) == ([0, 1, 2] * 3, [0])
    assert (d_vocab, named, data.bytes_per_token) == (3, True, 1.0)
    monkeypatch.delenv(train_text.VARIABLE)
    data, d_vocab, named = train_text.bench_text()
    assert not named
    assert len(data.train) > 100_000
    assert 30 < d_vocab < 200
    assert data.bytes_per_token == pytest.approx(1.0, abs=0.05)
