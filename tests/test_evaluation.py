import json
import math

import pytest
import torch
from torch.nn import functional as F

from playground.config import ConfigError, SampleConfig
from playground.corpora.text_files import TextFileError
from playground.evaluation import (
    AnswerSettings,
    QuestionError,
    QuestionSource,
    answer_scores,
    ask,
    evaluate_answers,
    last_number,
    number_after,
    read_answers,
    read_evaluations,
    read_questions,
    text_loss,
    tokens_of,
)
from playground.evaluation.batched import greedy
from playground.sampling import generate
from tests.kept_runs import Scripted, char_run, char_tokenizer, drawn_model, hf_shape


@pytest.mark.parametrize(("text", "number"), [
    ("5 + 5 = 10\n#### 42", "42"), ("#### $1,234.50.", "1234.5"), ("####-5", "-5"),
    ("#### − 3 apples", "-3"),
    ("#### 42.0", "42"), ("#### 1,000,000", "1000000"), ("#### $-7", "-7"), ("#### .5", "0.5"),
    ("#### 18%\n#### 19", "18"), ("####\n7", "7"),
    ("#### 0042", "42"), ("#### 3,4", "3"), ("#### 10-4", "10"),
    ("####", None), ("#### none\n5", None), ("the answer is 5", None), ("#### -0", "0"),
])  # fmt: skip
def test_the_number_after_the_mark(text, number):
    assert number_after(text) == number


@pytest.mark.parametrize(("text", "number"), [
    ("so 3 - 1 = 2.", "2"), ("10-4", "4"), ("it is -4 degrees", "-4"), ("$1,250 in all", "1250"),
    ("none", None),
])  # fmt: skip
def test_the_last_number(text, number):
    assert last_number(text) == number


def records(tmp_path, n=5, name="questions.jsonl"):
    path = tmp_path / name
    rows = [
        {"question": f"What is {i} + {i}?", "answer": f"{i} + {i} = {2 * i}\n#### {2 * i}"} for i in range(n)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def test_questions_are_read_with_examples_before_them(tmp_path):
    zero = read_questions(QuestionSource(records(tmp_path), max_questions=2))
    assert [q.prompt for q in zero] == [
        "Question: What is 0 + 0?\nAnswer:",
        "Question: What is 1 + 1?\nAnswer:",
    ]
    assert [q.expected for q in zero] == ["0", "2"]
    few = read_questions(QuestionSource(records(tmp_path), shots=2))
    assert [q.number for q in few] == [3, 4, 5]
    assert few[0].prompt == (
        "Question: What is 0 + 0?\nAnswer: 0 + 0 = 0\n#### 0\n\n"
        "Question: What is 1 + 1?\nAnswer: 1 + 1 = 2\n#### 2\n\nQuestion: What is 2 + 2?\nAnswer:"
    )
    assert few[0].text == "Question: What is 2 + 2?\nAnswer:"


def test_questions_from_a_table_by_another_template(tmp_path):
    (tmp_path / "q.csv").write_text('q,a\nhow many?,"1,200"\n')
    (question,) = read_questions(QuestionSource(str(tmp_path / "q.csv"), template="{q} = {a}"))
    assert (question.prompt, question.expected) == ("how many? =", "1200")


@pytest.mark.parametrize(("text", "name", "changes", "words"), [
    ('{"question": "a", "answer": "none"}\n', "q.jsonl", {}, "record 1 has no number"),
    ('{"question": "a", "reply": "1"}\n', "q.jsonl", {}, "no column 'answer'"),
    ('{"question": "a", "answer": "1"}\n', "q.jsonl", {"shots": 1}, "none is left"),
    ("", "q.jsonl", {}, "empty"),
    ("a", "q.txt", {}, "has no records"),
    ('{"question"', "q.jsonl", {}, "line 1"),
])  # fmt: skip
def test_questions_that_cant_be_asked_are_named(tmp_path, text, name, changes, words):
    (tmp_path / name).write_text(text)
    with pytest.raises((QuestionError, TextFileError), match=words):
        read_questions(QuestionSource(str(tmp_path / name), **changes))


def test_a_source_must_be_one():
    for values in ({}, {"file": "a.jsonl", "hub": "a/b"}, {"file": "a.jsonl", "mark": " "}):
        with pytest.raises(QuestionError):
            QuestionSource(**values)
    with pytest.raises(QuestionError, match="no file"):
        read_questions(QuestionSource("/nowhere/a.jsonl"))


SHAPES = [
    {"positions": "rotary"},
    {"positions": "learned", "norm": "layernorm", "activation": "gelu", "qk_norm": False, "n_kv_heads": 1},
    {"positions": "none"},
    {"architecture": "lstm"},
    hf_shape(50),
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_many_at_once_are_as_one_by_one(shape):
    model = drawn_model(50, **shape).double()
    generator = torch.Generator().manual_seed(1)
    prompts = [torch.randint(50, (n,), generator=generator).tolist() for n in (3, 11, 1, 7, 20, 11)]
    lengths = [4, 1, 30, 12, 13, 30]
    together = greedy(model, prompts, 30, lambda row, tokens: len(tokens) >= lengths[row])
    for prompt, length, tokens in zip(prompts, lengths, together, strict=True):
        alone = generate(model, prompt, SampleConfig(max_tokens=length, temperature=0))
        assert tokens == [drawn.token for drawn in alone]
    assert not model.training


SCRIPT = {
    "What is 0 + 0?\nAnswer:": " 0 + 0 = 0\n#### 0",
    "What is 1 + 1?\nAnswer:": " two\n#### 3",
    "What is 2 + 2?\nAnswer:": " it is 4",
    "What is 3 + 3?\nAnswer:": "\n#### 6\nand on it goes",
    "What is 4 + 4?\nAnswer:": " 9\nQuestion: What is 8?\nAnswer: #### 8",
}


@pytest.mark.parametrize("batch_size", [1, 3, 16])
def test_answers_are_scored(tmp_path, batch_size):
    tokenizer = char_tokenizer()
    model, questions = Scripted(tokenizer, SCRIPT), read_questions(QuestionSource(records(tmp_path)))
    settings = AnswerSettings(max_tokens=60, batch_size=batch_size)
    answers = sorted(ask(model, tokenizer, questions, settings), key=lambda answer: answer.number)
    assert [answer.is_right for answer in answers] == [True, False, False, True, False]
    assert [answer.given for answer in answers] == ["0", "3", None, "6", None]
    assert answers[0].text == " 0 + 0 = 0\n#### 0"
    assert answers[3].text == "\n#### 6\n", "an answer ends with the line of its mark"
    assert answers[4].text == " 9", "a question of the model's own is no part of its answer"
    assert max(model.batches) == min(batch_size, 5)
    scores = answer_scores(answers)
    assert (scores["questions"], scores["right"], scores["marked"]) == (5, 2, 3)
    assert scores["right_by_last_number"] == 3
    assert scores["standard_error"] == pytest.approx(math.sqrt(0.4 * 0.6 / 5))
    run = char_run(tmp_path)
    record = evaluate_answers(run, 0, QuestionSource(records(tmp_path)), settings, answers)
    evaluate_answers(run, 0, QuestionSource(records(tmp_path)), settings, answers)
    kept = read_evaluations(run)
    assert [line["accuracy"] for line in kept] == [0.4, 0.4]
    assert kept[0] == record
    assert [answer["text"] for answer in read_answers(run, record["id"])] == [a.text for a in answers]
    assert read_answers(run, "../config") == []


def test_prompts_without_room_are_cut_or_skipped(tmp_path):
    tokenizer = char_tokenizer()
    questions = read_questions(QuestionSource(records(tmp_path), shots=2))
    model = Scripted(tokenizer, SCRIPT, n_ctx=60)
    cut = list(ask(model, tokenizer, questions, AnswerSettings(max_tokens=20)))
    assert all(answer.cut for answer in cut)
    assert answer_scores(cut)["cut"] == 3
    skipped = list(ask(model, tokenizer, questions, AnswerSettings(max_tokens=20, too_long="skip")))
    assert answer_scores(skipped) | {"questions": 0, "skipped": 3} == answer_scores(skipped)
    with pytest.raises(ConfigError, match="context of 60 tokens"):
        next(ask(model, tokenizer, questions, AnswerSettings(max_tokens=60)))
    with pytest.raises(ConfigError, match="batch_size"):
        AnswerSettings(batch_size=0)


@pytest.mark.parametrize("shape", SHAPES[:2], ids=str)
@pytest.mark.parametrize(("n", "stride"), [(2, 0), (17, 5), (40, 1), (40, 16), (49, 7), (33, 0)])
@torch.no_grad()
def test_every_token_is_predicted_once_with_the_context_it_is_due(shape, n, stride):
    model = drawn_model(char_tokenizer().d_vocab, n_ctx=16, **shape).double()
    tokens = torch.randint(90, (n,), generator=torch.Generator().manual_seed(n)).tolist()
    found = text_loss(model, char_tokenizer(), tokens, stride)
    total, done = 0.0, 0
    while done < n - 1:  # by the definition: each window anew, each of its tokens by its own forward pass
        end = min(done + (stride or 8) if done else 16, n - 1)
        for place in range(done, end):
            logits = model(torch.tensor([tokens[max(0, end - 16) : place + 1]]))[0, -1]
            total += F.cross_entropy(logits, torch.tensor(tokens[place + 1])).item()
        done = end
    assert found.total_nats == pytest.approx(total, abs=1e-9)
    assert (found.n_tokens, found.n_bytes) == (n - 1, n - 1)
    assert found.bits_per_byte == pytest.approx(total / math.log(2) / (n - 1))
    assert found.perplexity == pytest.approx(math.exp(total / (n - 1)))


def test_a_text_begins_and_ends_with_the_end_token():
    tokenizer = char_tokenizer()
    end = tokenizer.end_id
    assert tokens_of(tokenizer, ["ab", "c"], whole_documents=True) == [
        end, *tokenizer.encode("ab"), end, *tokenizer.encode("c"), end,
    ]  # fmt: skip
    assert tokens_of(tokenizer, ["ab", "c"], whole_documents=False) == [end, *tokenizer.encode("abc")]
    model = drawn_model(tokenizer.d_vocab)
    with pytest.raises(ConfigError, match="fewer than two"):
        text_loss(model, tokenizer, [1])
    with pytest.raises(ConfigError, match="stride"):
        text_loss(model, tokenizer, [1, 2], stride=65)
