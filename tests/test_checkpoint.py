import dataclasses
import errno
import io
import os
import re
import resource
import signal
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from playground.checkpoint import (
    CheckpointError,
    load_checkpoint,
    load_extra,
    load_model_weights,
    save_checkpoint,
)
from playground.config import ModelConfig, OptimConfig
from playground.models import Transformer
from playground.optim import build_optimizer

CONFIG = ModelConfig(d_vocab=11, n_ctx=8, d_model=16, n_heads=2, n_layers=1, tie_embeddings=True)


def trained(optimizer_name="adamw", seed=0, steps=3):
    torch.manual_seed(seed)
    model = Transformer(CONFIG)
    optimizer = build_optimizer(model, OptimConfig(optimizer=optimizer_name))
    learn(model, optimizer, steps)
    return model, optimizer


def learn(model, optimizer, steps):
    generator = torch.Generator().manual_seed(9)
    for _ in range(steps):
        tokens = torch.randint(11, (4, 9), generator=generator)
        optimizer.zero_grad()
        F.cross_entropy(model(tokens[:, :-1]).flatten(0, 1), tokens[:, 1:].flatten()).backward()
        optimizer.step()


def weights(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


@pytest.mark.parametrize("optimizer_name", ["adamw", "adamw_plain", "sgd", "muon"])
@pytest.mark.parametrize("kind", ["folder", "file"])
def test_training_goes_on_bit_for_bit(tmp_path, optimizer_name, kind):
    model, optimizer = trained(optimizer_name)
    target = tmp_path / "step-000003" if kind == "folder" else io.BytesIO()
    save_checkpoint(model, optimizer, 3, target, {"note": 1})
    learn(model, optimizer, 3)
    if kind == "file":
        target.seek(0)
    other, other_optimizer = trained(optimizer_name, seed=5, steps=1)
    assert load_checkpoint(target, other, other_optimizer) == 3
    learn(other, other_optimizer, 3)
    assert torch.equal(weights(model), weights(other))
    if kind == "folder":
        assert load_extra(target) == {"note": 1}
        assert sorted(p.name for p in target.iterdir()) == [
            "model.safetensors",
            "optimizer.safetensors",
            "state.json",
        ]


def test_tied_weights_stay_tied_and_are_stored_once(tmp_path):
    model, optimizer = trained()
    save_checkpoint(model, optimizer, 1, tmp_path / "c")
    size = (tmp_path / "c" / "model.safetensors").stat().st_size
    assert size < 4 * sum(p.numel() for p in model.parameters()) + 4096
    other = Transformer(CONFIG)
    load_model_weights(tmp_path / "c", other)
    assert other.unembed.weight is other.embed.weight
    assert torch.equal(weights(model), weights(other))


def test_a_failed_save_leaves_the_old_checkpoint_and_no_litter(tmp_path, monkeypatch):
    model, optimizer = trained()
    save_checkpoint(model, optimizer, 1, tmp_path / "c")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        save_checkpoint(model, optimizer, 2, tmp_path / "c")
    assert load_checkpoint(tmp_path / "c", model, optimizer) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["c"]


def test_a_disk_that_is_full_is_known_by_its_number(tmp_path):
    model, optimizer = trained()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
        with pytest.raises(OSError, match="model.safetensors") as error:
            save_checkpoint(model, optimizer, 2, tmp_path / "c")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert error.value.errno == errno.EFBIG, "as the system said: ENOSPC where there is no room"
    assert list(tmp_path.iterdir()) == []


def test_saving_takes_no_memory(tmp_path):
    model = Transformer(dataclasses.replace(CONFIG, d_vocab=1_000_000))  # 64 MB
    optimizer = build_optimizer(model, OptimConfig())
    learn(model, optimizer, 1)
    optimizer.zero_grad()
    save_checkpoint(model, optimizer, 1, tmp_path / "c")  # what the first save loads, the second has
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = peak_of_process()
    save_checkpoint(model, optimizer, 2, tmp_path / "c")
    assert (tmp_path / "c" / "optimizer.safetensors").stat().st_size > 128_000_000
    assert peak_of_process() - before < 8_000_000


def peak_of_process():
    line = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return 1024 * int(line[1])


@pytest.mark.parametrize("name", ["model.safetensors", "optimizer.safetensors", "state.json"])
@pytest.mark.parametrize("damage", ["missing", "cut", "garbled"])
def test_a_damaged_checkpoint_is_refused_in_one_sentence(tmp_path, name, damage):
    model, optimizer = trained()
    save_checkpoint(model, optimizer, 1, tmp_path / "c")
    path = tmp_path / "c" / name
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:20] if damage == "cut" else b"\xff" * 500)
    before = weights(model).clone()
    with pytest.raises(CheckpointError) as error:
        load_checkpoint(tmp_path / "c", model, optimizer)
    assert name in str(error.value)
    assert "\n" not in str(error.value)
    assert torch.equal(weights(model), before)
    with pytest.raises(CheckpointError):
        load_checkpoint(io.BytesIO(b"\x00" * 10), model, optimizer)


def test_a_checkpoint_of_another_model_is_refused_by_name(tmp_path):
    model, optimizer = trained()
    save_checkpoint(model, optimizer, 1, tmp_path / "c")
    wider = Transformer(
        ModelConfig(d_vocab=11, n_ctx=8, d_model=32, n_heads=2, n_layers=1, tie_embeddings=True)
    )
    with pytest.raises(CheckpointError, match=r"weight is \(.*16.*32"):
        load_model_weights(tmp_path / "c", wider)
    deeper = Transformer(
        ModelConfig(d_vocab=11, n_ctx=8, d_model=16, n_heads=2, n_layers=2, tie_embeddings=True)
    )
    with pytest.raises(CheckpointError, match="another model"):
        load_model_weights(tmp_path / "c", deeper)
