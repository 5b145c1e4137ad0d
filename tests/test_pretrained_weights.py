"""Weights of safetensors files: mapped where they lie as ours do, read into memory where asked for."""

import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from transformers import AutoConfig

from playground.models.bare import build_bare, give_memory
from playground.pretrained import PretrainedError
from playground.pretrained.convert import our_config
from playground.pretrained.weights import our_model_in, reader
from tests.tiny_models import tiny_model


def written(path, *tensors):
    """Write a file of tensors (name, kind, shape, bytes) one after the other, with a header of odd length."""
    header, data = {}, b""
    for name, kind, shape, own in tensors:
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [len(data), len(data) + len(own)]}
        data += own
    text = json.dumps(header).encode()
    text += b" " * (1 - len(text) % 2)
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


@pytest.fixture
def llama(tmp_path):
    tiny_model(tmp_path, "llama")
    return tmp_path


def storages(tensors):
    return {tensor.untyped_storage().data_ptr() for tensor in tensors}


def test_what_lies_in_the_file_as_here_is_not_copied_and_the_file_stays(llama):
    model = our_model_in(llama, "llama", AutoConfig.from_pretrained(llama))
    before = (llama / "model.safetensors").read_bytes()
    mapped = [model.embed.weight, model.unembed.weight]
    mapped += [weight for block in model.blocks for weight in (block.mlp.up.weight, block.mlp.down.weight)]
    assert len(storages(mapped)) == 1, "gate and up follow each other in the file"
    assert model.blocks[0].attention.qkv.weight.untyped_storage().data_ptr() not in storages(mapped)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(1)
    assert (llama / "model.safetensors").read_bytes() == before


def test_weights_of_their_own_are_the_same_numbers(llama):
    config = AutoConfig.from_pretrained(llama)
    mapped, own = (our_model_in(llama, "llama", config, own=own) for own in (False, True))
    parameters = dict(own.named_parameters())
    assert len(storages(parameters.values())) == len(parameters)
    for name, weight in mapped.named_parameters():
        assert torch.equal(parameters[name], weight), name
    assert own.turn.dtype == torch.float32
    half = our_model_in(llama, "llama", config, dtype=torch.bfloat16)
    assert {weight.dtype for weight in half.parameters()} == {torch.bfloat16}


@pytest.mark.parametrize("own", [False, True])
def test_numbers_that_lie_at_odd_places_are_read_all_the_same(tmp_path, own):
    numbers = torch.arange(6, dtype=torch.float64).view(2, 3)
    written(
        tmp_path / "model.safetensors",
        ("mask", "BOOL", [3], b"\1\0\1"),
        ("x", "F64", [2, 3], numbers.numpy().tobytes()),
        ("half", "F8_E4M3", [4], b"abcd"),
    )
    read = reader(tmp_path, "odd", own)
    assert torch.equal(read("model.x"), numbers), "the body may have been saved without its head"
    with pytest.raises(ValueError, match="half holds F8_E4M3 numbers"):
        read("half")
    with pytest.raises(PretrainedError, match="y is missing"):
        read("y")


@pytest.mark.parametrize("entry", [
    {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]},
    {"dtype": "F32", "shape": [2], "data_offsets": [-8, 0]},
    {"dtype": "F32", "data_offsets": [0, 8]},
])  # fmt: skip
def test_a_tensor_whose_place_is_not_of_its_shape_is_refused(tmp_path, entry):
    text = json.dumps({"x": entry}).encode()
    (tmp_path / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + bytes(8))
    with pytest.raises(PretrainedError, match="corrupt"):
        reader(tmp_path, "x", own=False)


def test_several_files_are_read_as_one(llama):
    with safe_open(llama / "model.safetensors", "pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 -- no mapping
    whole = our_model_in(llama, "llama", AutoConfig.from_pretrained(llama))
    shards = {f"model-{i}-of-2.safetensors": dict(list(tensors.items())[i::2]) for i in (0, 1)}
    places = {name: file for file, own in shards.items() for name in own}
    (llama / "model.safetensors").unlink()
    for file, own in shards.items():
        save_file(own, llama / file)
    (llama / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))
    parted = our_model_in(llama, "llama", AutoConfig.from_pretrained(llama))
    for ours, theirs in zip(parted.parameters(), whole.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_memory_is_given_once_to_what_is_tied(tmp_path):
    tiny_model(tmp_path, "llama", tie_word_embeddings=True)
    config = our_config(AutoConfig.from_pretrained(tmp_path))
    model = build_bare(config)
    assert all(weight.is_meta for weight in model.parameters())
    assert not model.turn.is_meta
    asked = []
    give_memory(model, lambda bare: asked.append(bare) or torch.ones(bare.shape))
    assert model.unembed.weight is model.embed.weight
    assert len(asked) == len({id(bare) for bare in asked}) == len(list(model.parameters()))
