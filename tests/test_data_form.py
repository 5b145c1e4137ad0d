import dataclasses

import pytest

from playground.config import ConfigError, DataConfig
from playground.sources import corpus_of
from playground.ui.data_form import HUB, OTHER_SPLIT, OWN_TEXT, default_data


def form(**changes):
    return dataclasses.replace(default_data(), **changes)


def test_the_form_as_it_opens_is_the_default_text():
    assert form().config() == DataConfig()


@pytest.mark.parametrize(
    ("changes", "spec"),
    [
        ({"tokenizer": "bpe", "bpe_size": 300}, "bpe:300"),
        ({"tokenizer": "alphabet"}, "alphabet"),
        ({"tokenizer": "alphabet", "alphabet": "abc "}, "alphabet:abc "),
        ({"tokenizer": "hf", "hf_name": " Qwen/Qwen3-0.6B "}, "hf:Qwen/Qwen3-0.6B"),
        ({"tokenizer": "gpt2"}, "gpt2"),
    ],
)
def test_a_tokenizer_is_named_as_the_core_names_it(changes, spec):
    assert form(**changes).config().tokenizer == spec


def test_other_shares_are_given_as_percentages():
    config = form(split=OTHER_SPLIT, val_percent=5, test_percent=15).config()
    assert (config.val_fraction, config.test_fraction) == (0.05, 0.15)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tokenizer": "hf"}, "Name a tokenizer"),
        ({"tokenizer": "bpe", "bpe_size": None}, "BPE vocabulary is empty"),
        ({"split": OTHER_SPLIT, "val_percent": 80}, "val_fraction"),
        ({"split": OTHER_SPLIT, "test_percent": None}, "Test is empty"),
        ({"text_seed": 0.5}, "Seed must be a whole number"),
        ({"corpus": "markov", "parameter": None}, "Order of the chain is empty"),
    ],
)
def test_a_field_that_can_not_work_is_named(changes, words):
    with pytest.raises(ConfigError, match=words):
        form(**changes).config()


def test_own_text_is_pasted_or_uploaded_and_stored_in_the_run(tmp_path):
    pasted = form(corpus=OWN_TEXT, own_text="abc\r\ndef")
    assert list(pasted.text().documents) == ["abc\ndef"]
    pasted.store(tmp_path)
    assert (tmp_path / pasted.stored_config().text_file).read_bytes() == b"abc\ndef"
    path = tmp_path / "a.txt"
    path.write_text("from a file")
    assert list(form(corpus=OWN_TEXT, own_file=str(path)).text().documents) == ["from a file"]
    path.write_bytes(b"caf\xe9")
    with pytest.raises(ValueError, match="byte 3"):
        list(form(corpus=OWN_TEXT, own_file=str(path)).text().documents)


def test_a_table_is_read_by_column_or_template_and_a_run_holds_a_copy(tmp_path):
    path = tmp_path / "sums.csv"
    path.write_text("question,answer\n1+1,2\n2+2,4\n")
    table = form(corpus=OWN_TEXT, own_file=str(path), column="answer")
    assert list(table.text().documents) == ["2", "4"]
    filled = form(corpus=OWN_TEXT, own_file=str(path), template="{question}={answer}")
    assert list(filled.text().documents) == ["1+1=2", "2+2=4"]
    assert table.key() != filled.key()
    with pytest.raises(ValueError, match="no column 'text'"):
        form(corpus=OWN_TEXT, own_file=str(path), column="text").text()
    (tmp_path / "run").mkdir()
    filled.store(tmp_path / "run")
    assert list(corpus_of(filled.stored_config(), tmp_path / "run").documents) == ["1+1=2", "2+2=4"]


def test_a_dataset_is_named_with_its_limits():
    assert form(corpus=HUB).is_empty
    config = form(
        corpus=HUB, hub="a/b ", hub_config="c", hub_split="", column="story", max_documents=9
    ).config()
    assert config == DataConfig(
        corpus="hub", hub="a/b", hub_config="c", text_column="story", max_documents=9, max_bytes=20_000_000
    )
    assert form(corpus=HUB, hub="a/b").run_name() == "b"
    with pytest.raises(ConfigError, match="hub must be the id of a dataset"):
        form(corpus=HUB, hub="not a name").config()


def test_the_key_tells_texts_and_cuts_apart_but_not_batches():
    assert form(batches="padded").key() == form().key()
    changed = [
        form(corpus="markov", parameter=2),
        form(corpus="markov", parameter=3),
        form(tokenizer="char"),
        form(split="10/10"),
        form(text_seed=1),
        form(corpus=OWN_TEXT, own_text="one"),
        form(corpus=OWN_TEXT, own_text="two"),
    ]
    assert len({form().key(), *(other.key() for other in changed)}) == 1 + len(changed)


def test_the_summary_says_what_is_chosen():
    chosen = form(corpus=OWN_TEXT, own_text="x" * 1234, split=OTHER_SPLIT, val_percent=5, test_percent=1)
    assert chosen.summary() == "1,234 characters pasted, BPE 1024, 94 / 5 / 1, packed windows"
