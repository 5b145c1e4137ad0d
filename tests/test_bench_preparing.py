import time

import numpy as np
import pytest

from playground.bench.children import WATCH_SECONDS, PrivateMemory, private_bytes
from playground.bench.preparing import against_library, prepare_file, some_documents, write_text


def test_the_three_ways_run_on_the_same_text(monkeypatch, tmp_path):
    monkeypatch.setenv("PLAYGROUND_CACHE", str(tmp_path))
    documents = some_documents(200_000)
    assert sum(map(len, documents)) >= 200_000 * 0.9
    assert all(spent.wall > 0 for spent in against_library(documents * 20, "bpe:300"))


@pytest.mark.parametrize("suffix", [".txt", ".jsonl"])
def test_a_file_of_the_wanted_size_is_prepared_and_leaves_nothing(monkeypatch, tmp_path, suffix):
    monkeypatch.setenv("PLAYGROUND_CACHE", str(tmp_path))
    path = tmp_path / f"text{suffix}"
    write_text(path, 50_000)
    assert path.stat().st_size >= 50_000
    n_tokens, peak_bytes = prepare_file(str(path), str(tmp_path))
    assert n_tokens >= 45_000
    assert peak_bytes > 1_000_000
    assert list(tmp_path.iterdir()) == [path]


def test_the_memory_that_is_watched_is_that_held_at_the_peak():
    with PrivateMemory() as memory:
        before = private_bytes()
        held = np.ones(100_000_000, np.uint8)
        time.sleep(10 * WATCH_SECONDS)
        del held
    assert memory.peak_bytes - before == pytest.approx(100_000_000, rel=0.2)
