import pytest
import torch

from playground.config import ConfigError
from playground.devices import has_fast_bfloat16, memory_bytes, mixed_precision, pick_device

CPU = torch.device("cpu")


def test_a_missing_device_is_named():
    with pytest.raises(ConfigError, match="tpu"):
        pick_device("tpu")
    assert pick_device("cpu") == CPU


@pytest.mark.parametrize("fast", [True, False])
def test_precision_follows_the_setting_and_auto_the_hardware(monkeypatch, fast):
    capabilities = {"avx512_bf16": fast}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    assert has_fast_bfloat16(CPU) == fast
    expected = {"auto": fast, "bfloat16": True, "float32": False}
    for precision, rounded in expected.items():
        with mixed_precision(CPU, precision):
            product = torch.ones(2, 2) @ torch.ones(2, 2)
        assert product.dtype == (torch.bfloat16 if rounded else torch.float32)


def test_memory_is_that_of_this_process():
    before = memory_bytes(CPU)
    block = torch.ones(100_000_000)
    assert memory_bytes(CPU) >= max(before, block.nbytes)
