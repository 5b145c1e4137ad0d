import dataclasses
import json
import shutil

import pytest

from playground.config import DataConfig
from playground.corpora import Corpus, load_corpus
from playground.corpora.hub_catalogue import HUB_PRESETS
from playground.corpora.text_files import TextFileError
from playground.sources import copy_text, corpus_of, default_prompts, held, settled, source_name


def test_a_built_in_corpus_and_its_seed():
    assert corpus_of(DataConfig(corpus="markov:1", text_seed=3)) is load_corpus("markov:1", 3)


def test_a_built_in_corpus_up_to_a_limit_keeps_its_law_as_far_as_it_goes():
    whole = load_corpus("brackets")
    some = corpus_of(DataConfig(corpus="brackets", max_documents=50))
    assert some.documents == whole.documents[:50]
    assert some.nats.tolist() == whole.nats[:50].tolist()
    some = corpus_of(DataConfig(corpus="brackets", max_bytes=1000))
    assert sum(map(len, some.documents)) <= 1000 < sum(map(len, whole.documents[: len(some.documents) + 1]))
    cut = corpus_of(DataConfig(corpus="toy-stories", max_bytes=20))
    assert cut.documents == (load_corpus("toy-stories").documents[0][:20],)
    assert cut.nats is None


def test_own_text_with_columns_and_limits(tmp_path):
    path = tmp_path / "mine.jsonl"
    path.write_text("\n".join(json.dumps({"q": f"{i}?", "a": str(i)}) for i in range(9)))
    config = DataConfig(corpus="text", text_file=str(path), template="{q} {a}", max_documents=3)
    corpus = corpus_of(config)
    assert (corpus.name, list(corpus.documents)) == ("mine.jsonl", ["0? 0", "1? 1", "2? 2"])
    config = dataclasses.replace(config, template="", text_column="a", max_documents=0, max_bytes=2)
    assert list(corpus_of(config).documents) == ["0", "1"]


@pytest.mark.parametrize("name", ["mine.csv", "mine", "MINE.TXT"])
def test_a_run_holds_its_text_and_alone_repeats_it(tmp_path, name):
    source, run = tmp_path / "there" / name, tmp_path / "run"
    source.parent.mkdir()
    run.mkdir()
    source.write_text("text,id\nabc,1\n")
    named = DataConfig(corpus="text", text_file=str(source))
    kept = held(named)
    copy_text(named, kept, run)
    before = list(corpus_of(named).documents)
    shutil.rmtree(source.parent)
    assert list(corpus_of(kept, run).documents) == before
    assert before == (["abc"] if name.endswith("csv") else ["text,id\nabc,1\n"])


def test_a_run_holds_a_folder_but_not_what_no_one_reads_in_it(tmp_path):
    source, run = tmp_path / "there", tmp_path / "run"
    (source / "deep").mkdir(parents=True)
    run.mkdir()
    for file in ("a.txt", "deep/b.md", "c.bin"):
        (source / file).write_text(file)
    named = DataConfig(corpus="text", text_file=str(source))
    kept = held(named)
    copy_text(named, kept, run)
    shutil.rmtree(source)
    assert list(corpus_of(kept, run).documents) == ["a.txt", "deep/b.md"]
    assert not (run / "text" / "c.bin").exists()


def test_what_is_too_large_stays_where_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr("playground.sources.MAX_HELD_BYTES", 10)
    (tmp_path / "a.txt").write_text("x" * 11)
    config = DataConfig(corpus="text", text_file=str(tmp_path / "a.txt"))
    assert held(config) == config
    copy_text(config, config, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_text_that_can_not_be_used_is_seen_before_a_run_is_made(tmp_path):
    (tmp_path / "a.csv").write_text("q,a\n1,2\n")
    config = DataConfig(corpus="text", text_file=str(tmp_path / "a.csv"))
    with pytest.raises(TextFileError, match="q, a"):
        settled(config)
    with pytest.raises(TextFileError, match="no file or folder"):
        settled(dataclasses.replace(config, text_file="none.txt"))
    config = dataclasses.replace(config, text_column="a")
    assert settled(config) == config
    assert settled(DataConfig()) == DataConfig()


def test_names_and_prompts():
    assert source_name(DataConfig(corpus="markov:2")) == "markov:2"
    assert source_name(DataConfig(corpus="text", text_file="/a/my poems.txt")) == "my poems"
    hub = DataConfig(corpus="hub", hub="roneneldan/TinyStories")
    assert source_name(hub) == "TinyStories"
    corpus = Corpus("it", ("Call me Ishmael. Some",))
    assert default_prompts(hub, corpus) == HUB_PRESETS[hub.hub].prompts
    assert default_prompts(dataclasses.replace(hub, hub="me/poems"), corpus) == ("Call me Ishm",)
    assert default_prompts(DataConfig(corpus="text", text_file="x"), corpus) == ("Call me Ishm",)
    assert "Once upon" in default_prompts(DataConfig(), corpus)[0]
