import threading

import pytest

from playground.config import DataConfig
from playground.prepare import prepare
from playground.tokenizers import AlphabetTokenizer, ByteTokenizer, CharTokenizer
from playground.ui import tokenizer_choices
from playground.ui.tokenizer_choices import choice_of, tokenizer_for


def chosen(kind, size=300, corpus="brackets", name=""):
    return choice_of({"kind": kind, "size": size, "corpus": corpus, "name": name})


@pytest.mark.parametrize("kind", ["char", "byte", "bpe", "alphabet"])
def test_it_cuts_as_a_run_on_this_corpus_does(kind):
    choice = chosen(kind)
    tokenizer, prepared = tokenizer_for(choice), prepare(choice.data).tokenizer
    assert tokenizer.d_vocab == prepared.d_vocab
    assert [tokenizer.piece(i) for i in range(tokenizer.d_vocab)] == [
        prepared.piece(i) for i in range(prepared.d_vocab)
    ]
    text = "(())[()] ()"
    assert tokenizer.encode(text) == prepared.encode(text)


def test_kinds_have_their_specs():
    assert chosen("bpe", 400).data == DataConfig(corpus="brackets", tokenizer="bpe:400")
    assert chosen("hf", name=" Qwen/Qwen3-0.6B ").spec == "hf:Qwen/Qwen3-0.6B"
    assert chosen("gpt2").spec == "gpt2"
    kinds = {"char": CharTokenizer, "byte": ByteTokenizer, "alphabet": AlphabetTokenizer}
    for kind, expected in kinds.items():
        assert type(tokenizer_for(chosen(kind))) is expected


@pytest.mark.parametrize("size", [-5, 0, 10**9, "x", None])
def test_a_size_out_of_range_is_brought_into_it(size):
    assert 257 <= chosen("bpe", size).size <= 8192
    tokenizer_for(chosen("bpe", size))


def test_a_tokenizer_is_learned_once_however_many_ask(monkeypatch):
    calls, learn = [], tokenizer_choices.tokenizer_of
    monkeypatch.setattr(tokenizer_choices, "tokenizer_of", lambda *args: calls.append(args) or learn(*args))
    choice = chosen("bpe", corpus="modular")
    threads = [threading.Thread(target=tokenizer_for, args=[choice]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1


def test_what_can_not_be_had_is_named():
    for request, words in (
        ({"kind": "word", "corpus": "brackets"}, "named 'word'"),
        ({"kind": "byte", "corpus": "nothing"}, "named 'nothing'"),
        ({"kind": "hf", "corpus": "brackets"}, "Type the name"),
    ):
        with pytest.raises(ValueError, match=words):
            choice_of(request)
