import json
import math
import re

import pytest


def test_baselines_as_json(command, abab):
    status, out, _ = command("baselines", "--text", abab, "--tokenizer", "char", "--json")
    values = json.loads(out)
    assert status == 0
    assert values["uniform"] == pytest.approx(values["unigram"]) == pytest.approx(0.6931, abs=1e-3)
    assert values["bigram"] == 0
    assert set(values) >= {"uniform", "unigram", "bigram", "trigram", "held_out", "floor"}


def test_baselines_as_a_table(command, abab):
    status, out, err = command("baselines", "--text", abab, "--tokenizer", "char")
    assert status == 0
    assert re.search(r"unigram +0\.693\d +[\d.]+ +2.00 +0\.69", out)
    assert "0 blank ones were left out" in out
    assert "counting" in err


def test_tokenize_and_corpora(command, abab):
    _, out, err = command("tokenize", "--text", abab, "--tokenizer", "char", "--input", "abx", "--json")
    assert [row["bytes"] for row in json.loads(out)] == ["61", "62"]
    assert "'x'" in err
    assert "toy-stories" in command("corpora")[1]
    assert {row["name"] for row in json.loads(command("corpora", "--json")[1])} >= {"toy-stories"}


def test_documents_and_their_lengths(command, tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text('text,id\n"He said ""no"",\nand left.",1\n" ",2\nabc,3\n', encoding="utf-8")
    status, out, _ = command("documents", "--text", str(path), "--tokenizer", "char", "--show", "1")
    assert status == 0
    assert 'He said "no",\nand left.\n' in out
    assert "abc\n" not in out
    assert "All 2 documents; 1 blank ones are left out." in out
    assert re.search(r"characters +from 3 to 23, median 13, mean 13\.0", out)
    values = json.loads(command("documents", "--text", str(path), "--tokenizer", "byte", "--json")[1])
    assert values["tokens"] == values["characters"]
    assert values["characters"]["counts"] == [1, 0, 0, 1]
    assert values["documents"] == ['He said "no",\nand left.', "abc"]


def test_the_flags_of_a_text_are_all_there(command, tmp_path):
    (tmp_path / "b.txt").write_bytes("été ".encode("cp1252") * 50)
    (tmp_path / "a.jsonl").write_text("".join(f'{{"q": "{i}+1", "a": "{i + 1}"}}\n' for i in range(30)))
    _, out, _ = command(
        "documents", "--text", str(tmp_path / "a.jsonl"), "--template", r"{q}\n= {a}", "--json"
    )
    assert json.loads(out)["documents"][1] == "1+1\n= 2"
    _, out, _ = command(
        "documents", "--text", str(tmp_path), "--text-column", "a", "--encoding", "cp1252",
        "--max-documents", "31", "--show", "100", "--json",
    )  # fmt: skip
    assert json.loads(out)["documents"][-2:] == ["30", "été " * 50]
    status, _, err = command("documents", "--text", str(tmp_path / "a.jsonl"))
    assert status == 2
    assert err.strip().endswith("a.jsonl has several columns, so name the one that is text: q, a.")
    status, _, err = command("baselines", "--text", str(tmp_path / "b.txt"))
    assert status == 2
    assert "byte 0 (0xe9)" in err


def test_the_table_has_every_order_in_three_units_with_the_floor(command):
    status, out, _ = command("baselines", "--corpus", "markov:2", "--tokenizer", "char")
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines() if line}
    assert status == 0
    for name in ("uniform", "unigram", "bigram", "trigram", "4-gram", "5-gram"):
        assert len(rows[name]) == 6, name
    assert len(rows["floor"]) == 3
    nats, bits, perplexity = map(float, rows["trigram"][3:])
    assert perplexity == pytest.approx(math.exp(nats), abs=0.01)
    assert bits == pytest.approx(nats / math.log(2), rel=0.05)  # about a byte a token: the end token has none


def test_json_has_other_units_and_the_whole_text(command, abab):
    values = json.loads(command("baselines", "--text", abab, "--tokenizer", "char", "--json")[1])
    assert values["perplexity"]["held_out"]["uniform"] == pytest.approx(2)
    assert values["bits_per_byte"]["in_sample"]["unigram"] == pytest.approx(
        values["unigram"] / math.log(2) / values["train_bytes_per_token"]
    )
    assert values["whole_text"]["tokens"] == 800
    assert values["whole_text"]["unigram"] == pytest.approx(math.log(2), abs=1e-12)
    assert list(values["held_out"]) == ["unigram", "bigram", "trigram", "4-gram", "5-gram"]
