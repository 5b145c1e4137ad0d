import errno
from pathlib import Path

import numpy as np
import pytest
import torch

from playground import memory
from playground.config import ConfigError
from playground.endings import explain, is_foreseen, is_out_of_memory
from playground.progress import DivergedError

HUGE = 1 << 50


def caught(action):
    try:
        action()
    except (MemoryError, RuntimeError) as error:
        return error
    raise AssertionError("there was enough memory")


@pytest.mark.parametrize("ask", [lambda: torch.empty(HUGE), lambda: np.empty(HUGE)])
def test_real_errors_of_want_of_memory_are_known_and_put_in_words(ask):
    error = caught(ask)
    assert is_out_of_memory(error)
    assert is_foreseen(error, Path("run"))
    said = explain(error, Path("run"), 3 * 10**9)
    assert "Memory ran out" in said
    assert "estimated to need 3.00 GB" in said
    assert "free were" in said
    assert "\n" not in said


def test_how_much_was_asked_for_is_said():
    assert "4503599627370496 bytes" in explain(caught(lambda: torch.empty(HUGE)), Path("run"), None)


def test_an_error_of_the_gpu_is_one_of_memory():
    error = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has …")
    assert "20.00 GiB" in explain(error, Path("run"), None)
    assert is_out_of_memory(RuntimeError("MPS backend out of memory (MPS allocated: 17 GB …)"))


def test_other_errors(tmp_path):
    assert explain(ConfigError("n_ctx is wrong."), Path("run"), None) == "n_ctx is wrong."
    assert is_foreseen(DivergedError("x"), tmp_path)
    assert "permission" in explain(PermissionError(errno.EACCES, "no", "/x"), tmp_path, None)
    odd = RuntimeError("shapes differ")
    assert explain(odd, Path("run"), None) == "RuntimeError: shapes differ"
    assert not is_foreseen(odd, tmp_path)


def test_a_folder_that_is_gone_is_what_kept_files_from_being_written(tmp_path):
    error = FileNotFoundError(errno.ENOENT, "no such file", str(tmp_path / "x"))
    assert not is_foreseen(error, tmp_path)
    assert is_foreseen(error, tmp_path / "gone")
    assert f"{tmp_path / 'gone'} is gone" in explain(error, tmp_path / "gone", None)
    assert is_foreseen(OSError(errno.EROFS, "read-only"), tmp_path)


def test_figures_of_memory_are_plausible():
    held, free = memory.held_bytes(), memory.free_bytes()
    assert held is not None
    assert 1e7 < held < 1e12
    assert free is None or 0 < free < 1e14
    before = held
    block = np.ones(30_000_000)
    after = memory.held_bytes()
    assert after is not None
    assert after - before > 0.8 * block.nbytes


def test_the_limit_of_a_container_counts(tmp_path, monkeypatch):
    files = {
        "memory.max": "1000000\n", "memory.current": "900000\n",
        "memory.stat": "anon 5\ninactive_file 50000\n", "memory.events": "oom 3\noom_kill 2\n",
    }  # fmt: skip
    monkeypatch.setattr(memory, "_cgroup_text", lambda name: files.get(name, ""))
    assert memory.free_bytes() == 150_000
    assert memory.memory_kills() == 2
    files["memory.max"] = "max\n"
    assert memory.free_bytes() != 150_000
