import math
import threading
import time

import pytest

from playground.config import DataConfig
from playground.corpora import load_corpus
from playground.prepare import prepare
from playground.ui import corpus_facts
from playground.ui.corpus_facts import GivenUp, Task, Tasks, baseline_rows, is_lossless


def ask_until_done(tasks, key, work):
    while isinstance(found := tasks.ask(key, work), Task):
        time.sleep(0.01)
    return found


def test_work_is_done_once_and_tells_how_far_it_is():
    tasks, go, calls = Tasks(), threading.Event(), []

    def work(report):
        calls.append(1)
        report("counting", 1, 4)
        go.wait(10)
        return 42

    while (task := tasks.ask("a", work)).phase != "counting":
        time.sleep(0.01)
    assert task.share == 0.25
    go.set()
    assert ask_until_done(tasks, "a", work) == 42
    assert tasks.ask("a", work) == 42
    assert len(calls) == 1


def test_an_error_is_told_and_the_next_to_ask_begins_anew():
    tasks = Tasks()

    def broken(report):
        raise ValueError("no such text")

    with pytest.raises(ValueError, match="no such text"):
        ask_until_done(tasks, "a", broken)
    assert ask_until_done(tasks, "a", lambda report: 1) == 1


def test_what_nobody_waits_for_is_given_up(monkeypatch):
    monkeypatch.setattr(corpus_facts, "PATIENCE_SECONDS", 0.05)
    tasks, ended = Tasks(), threading.Event()

    def work(report):
        try:
            while True:
                report("counting", 0, 0)
                time.sleep(0.01)
        except GivenUp:
            ended.set()
            raise

    assert isinstance(tasks.ask("a", work), Task)
    assert ended.wait(10)
    assert ask_until_done(tasks, "b", lambda report: 1) == 1
    assert isinstance(tasks.ask("a", lambda report: 2), Task)  # told once more, then begun anew
    assert ask_until_done(tasks, "a", lambda report: 2) == 2


def test_bits_per_byte_are_the_nats_of_the_bytes():
    prepared = prepare(DataConfig(corpus="brackets", tokenizer="byte"))
    rows = {row["name"].split(":")[0]: row for row in baseline_rows(prepared)}
    assert list(rows) == ["uniform", "unigram", "bigram", "strongest", "floor"]
    assert rows["uniform"]["nats"] == pytest.approx(math.log(257))
    n_bytes = len(prepared.tokenizer.decode(prepared.val[:-1]).encode())
    nats = rows["bigram"]["nats"] * (len(prepared.val) - 1)
    assert rows["bigram"]["bits"] == pytest.approx(nats / math.log(2) / n_bytes, rel=1e-3)
    assert rows["strongest"]["nats"] <= min(rows["bigram"]["nats"], rows["unigram"]["nats"])


def test_an_alphabet_is_not_lossless():
    data = load_corpus("python-reference")
    prepared = prepare(DataConfig(corpus="brackets", tokenizer="alphabet")).tokenizer
    assert not is_lossless(prepared, data)
    assert is_lossless(prepare(DataConfig(corpus="brackets", tokenizer="byte")).tokenizer, data)
