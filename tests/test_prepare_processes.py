"""Preparing in real processes: two at once, killed in the middle, cancelled, and on a disk that is full."""

import json
import os
import subprocess
import sys

import pytest

from playground.config import DataConfig
from playground.prepare import prepare

PREPARE = """
import json, sys, time
from playground.config import DataConfig
from playground.prepare import prepare
def report(phase, done, total):
    if phase.startswith("cutting") and done == 0:
        print("cutting", flush=True)
        time.sleep(float(sys.argv[2]))
prepared = prepare(DataConfig(corpus="text", text_file=sys.argv[1], tokenizer="bpe:300"), report=report)
print(json.dumps(prepared.baselines), flush=True)
"""


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "own.txt"
    path.write_text("".join(f"the cat {i} sat on mat {i * i % 97}. " for i in range(4000)))
    return path


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PLAYGROUND_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def preparing(text, seconds):
    return subprocess.Popen(
        [sys.executable, "-c", PREPARE, str(text), str(seconds)], stdout=subprocess.PIPE, text=True
    )


def config(text):
    return DataConfig(corpus="text", text_file=str(text), tokenizer="bpe:300")


def visible(cache):
    return [path.name for path in cache.iterdir() if not path.name.startswith(".") and path.name != "locks"]


def test_two_processes_at_once_cut_the_text_once_and_agree(text, cache):
    workers = [preparing(text, 0.5) for _ in range(2)]
    said = [worker.communicate(timeout=120)[0].splitlines() for worker in workers]
    assert sum(line == "cutting" for lines in said for line in lines) == 1
    assert json.loads(said[0][-1]) == json.loads(said[1][-1]) == prepare(config(text)).baselines
    assert len(visible(cache)) == 1


def test_a_process_killed_while_it_cuts_leaves_nothing_that_counts(text, cache):
    worker = preparing(text, 600)
    assert worker.stdout.readline() == "cutting\n"
    worker.kill()
    worker.communicate()
    assert visible(cache) == []
    prepared = prepare(config(text))
    whole = prepared.tokenizer.decode(prepared.train) + prepared.tokenizer.decode(prepared.val)
    assert whole == text.read_text()
    assert sorted(path.name for path in cache.iterdir()) == sorted([*visible(cache), "locks"])


@pytest.mark.parametrize("phase", ["building", "cutting", "counting"])
def test_what_is_cancelled_leaves_nothing(text, cache, phase):
    def report(heard, done, total):
        if heard.startswith(phase):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(config(text), report=report)
    assert [path.name for path in cache.iterdir()] == ["locks"]


FULL = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
from playground.cli import main
sys.exit(main(["baselines", "--text", sys.argv[1], "--tokenizer", "byte"]))
"""


def test_a_file_that_can_grow_no_more_is_one_sentence_and_leaves_nothing(text, cache):
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(text)], capture_output=True, text=True, env=dict(os.environ)
    )
    assert done.returncode != 0
    *_, last = done.stderr.splitlines()
    assert "train.npy can't be written: File too large." in last
    assert "Traceback" not in done.stderr
    assert [path.name for path in cache.iterdir()] == ["locks"]
