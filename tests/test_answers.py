"""Loss on the answer only: which tokens it is, against brute force, and the baselines of just these."""

import json
import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from playground.baselines import all_baselines, chosen_entropies
from playground.config import ConfigError, DataConfig
from playground.ngrams import fit_ngrams
from playground.prepare import prepare
from playground.prepared import load_prepared, save_prepared

TEMPLATE = "Question: {question}\\nAnswer: {answer}"


def write_records(path, records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return str(path)


@pytest.fixture
def sums(tmp_path):
    """Return the path of 60 sums; some questions hold the very words that stand before an answer."""
    records = [
        {"question": f"what is {a} + {b}?" + "\nAnswer: no" * (a == 3), "answer": f"{a}{'é' * b} is {a + b}"}
        for a in range(10)
        for b in range(6)
    ]
    return write_records(tmp_path / "sums.jsonl", records)


def config_of(path, **settings):
    return DataConfig(
        corpus="text", text_file=path, **{"template": TEMPLATE, "loss_on": "answer", **settings}
    )


def documents_of(prepared, split):
    """Yield the ids and the marks of each document, end token included."""
    starts, tokens = prepared.starts[split], prepared.tokens[split]
    for begin, end in zip(starts[:-1], starts[1:], strict=True):
        yield tokens[begin:end].tolist(), prepared.learned[split][begin:end].tolist()


@pytest.mark.parametrize("tokenizer", ["char", "byte", "bpe:300", "gpt2"])
def test_the_learned_tokens_are_those_that_hold_a_byte_of_the_answer_and_the_end(sums, tokenizer):
    prepared = prepare(config_of(sums, tokenizer=tokenizer))
    answers = {json.loads(line)["answer"] for line in Path(sums).read_text().splitlines()}
    seen = 0
    for split in ("train", "val"):
        assert not prepared.learned[split][0]
        for ids, marks in documents_of(prepared, split):
            text = prepared.tokenizer.decode(ids)
            answer = next(a for a in answers if text.endswith(f"\nAnswer: {a}"))
            begin, place, expected = len(text.encode()) - len(answer.encode()), 0, []
            for token in ids[:-1]:  # brute force: the bytes of every token, one after the other
                place += len(prepared.tokenizer.piece(token))
                expected.append(place > begin)
            assert marks == [*expected, True]
            seen += 1
    assert seen == 60
    assert prepared.baselines["learned_tokens"] == {
        split: int(prepared.learned[split].sum()) for split in ("train", "val")
    }


def test_the_answer_can_follow_a_mark_where_it_stands_last(sums):
    prepared = prepare(config_of(sums, answer_after=" is ", tokenizer="char"))
    for ids, marks in documents_of(prepared, "train"):
        text = prepared.tokenizer.decode(ids)
        assert prepared.tokenizer.decode(np.array(ids)[marks]) == text.rpartition(" is ")[2]


def test_documents_without_the_mark_are_counted_and_nothing_of_them_is_learned(tmp_path):
    records = [{"text": f"{i}: {'yes' if i % 2 else 'no'}{'!' * (i % 3 == 0)}"} for i in range(40)]
    path = write_records(tmp_path / "t.jsonl", records)
    prepared = prepare(config_of(path, template="", answer_after="yes", tokenizer="char", val_fraction=0.3))
    assert prepared.baselines["without_answer"] == 20 + sum(r["text"].endswith("yes") for r in records)
    for ids, marks in documents_of(prepared, "train"):
        assert any(marks) == prepared.tokenizer.decode(ids).endswith("yes!")


def test_baselines_are_of_the_answers_tokens(sums):
    prepared = prepare(config_of(sums, tokenizer="char"))
    values, tokens, learned = prepared.baselines, prepared.train, prepared.learned["train"]
    places = np.flatnonzero(learned)

    def entropy(things):
        counts = np.array(list(Counter(things).values())) / len(things)
        return -float((counts * np.log(counts)).sum())

    assert values["loss_on"] == "answer"
    assert values["unigram"] == pytest.approx(entropy(tokens[places].tolist()), abs=1e-12)
    pairs = [(int(tokens[i - 1]), int(tokens[i])) for i in places]
    expected = entropy(pairs) - entropy([first for first, _ in pairs])
    assert values["bigram"] == pytest.approx(expected, abs=1e-12)
    held_out = fit_ngrams(tokens, values["d_vocab"], 5)
    for order, log_probs in enumerate(held_out.log_probs_by_order(prepared.val)):
        score = -log_probs[prepared.learned["val"]].mean()
        name = ("unigram", "bigram", "trigram", "4-gram", "5-gram")[order]
        assert values["held_out"][name] == pytest.approx(score, abs=1e-9)
    n_bytes = [len(prepared.tokenizer.piece(int(i))) for i in prepared.val[prepared.learned["val"]]]
    assert prepared.bytes_per_token == pytest.approx(sum(n_bytes) / len(n_bytes))


def test_where_every_token_is_chosen_the_entropies_are_the_usual_ones(sums):
    prepared = prepare(config_of(sums, loss_on="all", tokenizer="bpe:300"))
    assert prepared.learned == {}
    d_vocab = prepared.tokenizer.d_vocab
    usual = all_baselines(prepared.train, prepared.val, d_vocab)
    found = chosen_entropies(prepared.train, d_vocab, np.ones(len(prepared.train), bool), 5)
    assert found == pytest.approx([usual[n] for n in ("unigram", "bigram", "trigram", "4-gram", "5-gram")])


def test_what_is_learned_goes_along_into_a_run(sums, tmp_path):
    prepared = prepare(config_of(sums, tokenizer="char"))
    save_prepared(prepared, tmp_path)
    loaded = load_prepared(tmp_path)
    assert np.array_equal(loaded.learned["val"], prepared.learned["val"])
    assert prepare(config_of(sums, tokenizer="char", loss_on="all")).learned == {}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"template": "{question} {reply}"}, "no column 'reply'.*question, answer"),
        ({"template": "", "text_column": "answer"}, "neither a template.*nor answer_after"),
        ({"answer_after": "=====", "tokenizer": "char"}, "no '====='.*nothing to learn"),
        ({"max_documents": 5, "tokenizer": "char"}, "fewer than 20 documents"),
    ],
)
def test_settings_that_leave_nothing_to_learn_are_refused_in_one_sentence(sums, settings, said):
    with pytest.raises(ValueError, match=f"(?s){said}") as refused:
        prepare(config_of(sums, **settings))
    assert "\n" not in str(refused.value).strip()


def test_a_plain_text_has_no_answers(tmp_path):
    path = tmp_path / "own.txt"
    path.write_text("Answer: 4. " * 50)
    with pytest.raises(ConfigError, match="one text, not made of documents"):
        prepare(DataConfig(corpus="text", text_file=str(path), loss_on="answer", answer_after="Answer: "))
    assert math.isfinite(prepare(DataConfig(corpus="text", text_file=str(path))).baselines["unigram"])
