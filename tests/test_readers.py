import csv
import json
import os

import pyarrow
import pyarrow.parquet
import pytest

from playground.corpora import readers, text_files
from playground.corpora.readers import DocumentFile, columns_of, files_of, first_records
from playground.corpora.templates import TemplateError
from playground.corpora.text_files import TextFileError

RECORDS = [
    {"text": 'She said "no",\nand left.', "id": "1"},
    {"text": "", "id": "2"},
    {"text": "你好 👋 \u2028 \x85 one line", "id": "3"},
    {"text": "last, with, commas", "id": "4"},
]
TEXTS = [record["text"] for record in RECORDS]


def write_csv(path, separator=","):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["text", "id"], delimiter=separator)
        writer.writeheader()
        writer.writerows(RECORDS)


def write_jsonl(path, **options):
    path.write_text("\n".join(json.dumps(record, **options) for record in RECORDS), encoding="utf-8")


WRITERS = {
    "a.csv": write_csv,
    "a.tsv": lambda path: write_csv(path, "\t"),
    "a.jsonl": lambda path: write_jsonl(path, ensure_ascii=False),
    "escaped.jsonl": write_jsonl,
    "A.NDJSON": lambda path: path.write_text("\n\n" + "\r\n".join(map(json.dumps, TEXTS)) + "\r\n\r\n"),
    "a.parquet": lambda path: pyarrow.parquet.write_table(pyarrow.Table.from_pylist(RECORDS), path),
}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("block", [5, 2**20])
def test_records_of_every_format_give_the_same_documents_again_and_again(tmp_path, name, block, monkeypatch):
    monkeypatch.setattr(text_files, "BLOCK_BYTES", block)
    WRITERS[name](tmp_path / name)
    file = DocumentFile(tmp_path / name)
    assert list(file) == list(file) == TEXTS
    assert file.whole_documents


def test_records_are_read_as_they_are_asked_for(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "one"}\n' * 1000 + "broken")
    documents = iter(DocumentFile(path))
    assert [next(documents) for _ in range(1000)] == ["one"] * 1000
    with pytest.raises(TextFileError, match=r"a\.jsonl is not JSON lines: line 1001 "):
        next(documents)


def test_a_column_or_a_template_makes_the_document(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(
        json.dumps({"question": "1+1?", "answer": "2", "steps": ["ä", 1]}) + '\n{"question": "?"}'
    )
    assert list(DocumentFile(path, "question")) == ["1+1?", "?"]
    assert list(DocumentFile(path, "steps")) == ['["ä", 1]', ""]
    assert list(DocumentFile(path, template=r"Q: {question}\nA: {answer}")) == ["Q: 1+1?\nA: 2", "Q: ?\nA: "]
    for wrong in (DocumentFile(path), DocumentFile(path, "q"), DocumentFile(path, template="{q}")):
        with pytest.raises(TemplateError, match="question, answer, steps"):
            wrong.check()
        with pytest.raises(TemplateError, match=r"a\.jsonl"):
            list(wrong)


def test_only_the_columns_that_are_needed_are_read_of_parquet(tmp_path):
    path = tmp_path / "a.parquet"
    table = pyarrow.table({"text": ["a", "b"], "other": [1, 2], "nothing": [None, None]})
    pyarrow.parquet.write_table(table, path)
    assert columns_of(path) == ["text", "other", "nothing"]
    assert list(readers.RECORDS[".parquet"](path, ["text"], "")) == [{"text": "a"}, {"text": "b"}]
    assert first_records(path, 1) == [{"text": "a", "other": 1, "nothing": None}]


@pytest.mark.parametrize("name", WRITERS)
def test_columns_and_first_records_for_the_page(tmp_path, name):
    WRITERS[name](tmp_path / name)
    assert columns_of(tmp_path / name) == (["text"] if name == "A.NDJSON" else ["text", "id"])
    shown = first_records(tmp_path / name, 3)
    assert [record["text"] for record in shown] == TEXTS[:3]


def test_plain_text_has_no_columns_and_is_one_text_in_parts(tmp_path, monkeypatch):
    monkeypatch.setattr(readers, "READ_PART_CHARACTERS", 100)
    path = tmp_path / "a.md"
    text = "Some words that go on. " * 1000
    path.write_text(text)
    parts = list(DocumentFile(path))
    assert "".join(parts) == text
    assert len(parts) > 100
    assert not DocumentFile(path).whole_documents
    assert (columns_of(path), first_records(path)) == ([], [])


@pytest.mark.parametrize("content", ["", " \n\t\r\n "])
def test_plain_text_of_nothing_but_blanks_is_refused(tmp_path, content):
    (tmp_path / "a.txt").write_text(content)
    with pytest.raises(TextFileError, match=r"a\.txt is empty: there is no text in it\."):
        list(DocumentFile(tmp_path / "a.txt"))


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.tsv"])
def test_a_table_without_records_has_no_documents(tmp_path, name):
    for content in ("", "\n", "text,id\n" if name == "a.csv" else "\n\n"):
        (tmp_path / name).write_text(content)
        assert list(DocumentFile(tmp_path / name)) == []


def test_a_folder_has_a_document_a_text_file_and_the_records_of_the_rest(tmp_path):
    folder = tmp_path / "mine"
    (folder / "b").mkdir(parents=True)
    (folder / ".git").mkdir()
    for name, text in {
        "b/2.txt": "two",
        "1.md": "one",
        "0.txt": "",
        "x.bin": "\0",
        ".git/3.txt": "three",
    }.items():
        (folder / name).write_text(text)
    write_csv(folder / "c.csv")
    os.symlink(folder / "1.md", folder / "link.md")
    assert [str(path.relative_to(folder)) for path in files_of(folder)] == [
        "0.txt",
        "1.md",
        "b/2.txt",
        "c.csv",
    ]
    assert list(DocumentFile(folder)) == ["", "one", "two", *TEXTS]
    assert DocumentFile(folder).whole_documents


def test_a_folder_without_text_and_a_path_without_a_file_are_refused(tmp_path):
    (tmp_path / "x.bin").write_text("x")
    with pytest.raises(TextFileError, match=r"has no text: files ending in \.txt"):
        DocumentFile(tmp_path).check()
    with pytest.raises(TextFileError, match="no file or folder"):
        DocumentFile(tmp_path / "none").check()


@pytest.mark.parametrize(("name", "content", "message"), [
    ("a.jsonl", b'{"text": "a"}\n[1]', "line 2 is neither"),
    ("a.jsonl", b"[" * 100_000, "line 1 can't be read"),
    ("a.jsonl", b'{"text": "caf\xe9"}', r"byte 13 \(0xe9\)"),
    ("a.csv", b'text,id\n"open', r"not a table: line 2"),
    ("a.csv", b"text,id\na,1\nb,2,3\n", r"line 3 has 3 fields, but the first has 2"),
    ("a.csv", b"text,text\na,1\n", "two columns named 'text'"),
    ("a.parquet", b"PAR1 no", "can't be read as Parquet"),
    ("a.parquet", b"", "can't be read as Parquet"),
])  # fmt: skip
def test_a_broken_file_is_refused_in_one_sentence_that_names_it(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TextFileError, match=message) as caught:
        list(DocumentFile(tmp_path / name))
    assert name in str(caught.value)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def test_a_line_without_end_is_refused_before_it_fills_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(readers, "MAX_BYTES", 1000)
    monkeypatch.setattr(text_files, "BLOCK_BYTES", 100)
    (tmp_path / "a.jsonl").write_text('"' + "x" * 5000)
    with pytest.raises(TextFileError, match="a line of more than 1000 bytes"):
        list(DocumentFile(tmp_path / "a.jsonl"))


def test_a_named_encoding_holds_for_tables_and_folders_too(tmp_path):
    for name, text in (("a.csv", "text\ndéjà\n"), ("b.txt", "été")):
        (tmp_path / name).write_bytes(text.encode("cp1252"))
    assert list(DocumentFile(tmp_path, encoding="cp1252")) == ["déjà", "été"]
