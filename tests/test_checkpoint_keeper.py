import contextlib
import os

import pytest
import torch

from playground import runs
from playground.checkpoint import load_checkpoint
from playground.checkpoint_keeper import CheckpointKeeper


def model_of(value):
    model = torch.nn.Linear(2, 1, bias=False)
    with torch.no_grad():
        model.weight.fill_(value)
    return model, torch.optim.SGD(model.parameters(), lr=0.1)


def save(keeper, step, val_loss, value=None):
    keeper.save(*model_of(step if value is None else value), step, {"n": step}, val_loss)


def test_the_newest_and_the_best_are_kept(tmp_path):
    keeper = CheckpointKeeper(tmp_path, 2)
    for step, loss in ((1, 5.0), (2, 3.0), (3, 4.0), (4, None), (5, 3.0)):
        save(keeper, step, loss)
    assert runs.checkpoints(tmp_path) == [2, 4, 5]
    assert (keeper.latest, keeper.best, keeper.best_val_loss) == (5, 2, 3.0)
    save(keeper, 6, 2.5)
    assert runs.checkpoints(tmp_path) == [5, 6]


def test_a_later_process_knows_the_best(tmp_path):
    first = CheckpointKeeper(tmp_path, 1)
    save(first, 1, 2.0)
    save(first, 2, 3.0)
    second = CheckpointKeeper(tmp_path, 1)
    assert second.go_on_from(2)["n"] == 2
    assert (second.latest, second.best, second.best_val_loss) == (2, 1, 2.0)
    save(second, 3, 2.5)
    assert runs.checkpoints(tmp_path) == [1, 3]
    second.clear()
    assert runs.checkpoints(tmp_path) == []
    assert not list((tmp_path / "checkpoints").iterdir())


class KilledError(BaseException):
    pass


@pytest.mark.parametrize("moment", range(1, 7))
def test_killed_at_any_move_each_step_is_whole_or_absent(tmp_path, monkeypatch, moment):
    """Saving step 2 twice over and dropping step 1, cut off at its n-th change of the folder."""
    keeper = CheckpointKeeper(tmp_path, 1)
    save(keeper, 1, None)
    calls, rename, fsync = [0], os.rename, os.fsync

    def count(real):
        def act(*args):
            calls[0] += 1
            if calls[0] == moment:
                raise KilledError
            return real(*args)

        return act

    monkeypatch.setattr(os, "rename", count(rename))
    monkeypatch.setattr(os, "fsync", count(fsync))
    with contextlib.suppress(KilledError):
        save(keeper, 2, None)
        save(keeper, 2, None)
    assert calls[0] >= moment, "there are so many moments"
    monkeypatch.setattr(os, "rename", rename)
    monkeypatch.setattr(os, "fsync", fsync)
    CheckpointKeeper(tmp_path, 1).tidy()
    steps = runs.checkpoints(tmp_path)
    assert steps, "never none"
    for step in steps:
        model, optimizer = model_of(0)
        assert load_checkpoint(runs.checkpoint_folder(tmp_path, step), model, optimizer) == step
        assert model.weight.tolist() == [[step, step]]
    assert [p.name for p in (tmp_path / "checkpoints").iterdir() if p.name.startswith(".")] == []


def test_a_kill_between_the_old_and_the_new_of_one_step_leaves_the_old(tmp_path, monkeypatch):
    keeper = CheckpointKeeper(tmp_path, 1)
    save(keeper, 1, None, value=7)
    rename, calls = os.rename, []

    def act(source, target):
        calls.append(target)
        if len(calls) == 2:
            raise KilledError
        rename(source, target)

    monkeypatch.setattr(os, "rename", act)
    with pytest.raises(KilledError):
        save(keeper, 1, None, value=8)
    assert runs.checkpoints(tmp_path) == []
    monkeypatch.setattr(os, "rename", rename)
    CheckpointKeeper(tmp_path, 1).tidy()
    model, optimizer = model_of(0)
    load_checkpoint(runs.checkpoint_folder(tmp_path, 1), model, optimizer)
    assert model.weight.tolist() == [[7, 7]]
