import codecs
import os

import pytest

from playground.corpora import text_files
from playground.corpora.text_files import TextFileError, read_text_file, text_blocks

TEXT = "Zoë said: 你好 👋\r\nsecond line\n"
READ = TEXT.replace("\r\n", "\n")


def written(tmp_path, data: bytes):
    path = tmp_path / "mine.txt"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("data", [
    TEXT.encode(), codecs.BOM_UTF8 + TEXT.encode(), TEXT.encode("utf-16"), TEXT.encode("utf-32"),
    codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"), codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
    codecs.BOM_UTF32_BE + TEXT.encode("utf-32-be"),
])  # fmt: skip
@pytest.mark.parametrize("block", [1, 2, 3, 7, 2**20])
def test_utf8_and_whatever_has_a_mark_is_read_in_blocks_of_any_size(tmp_path, data, block, monkeypatch):
    monkeypatch.setattr(text_files, "BLOCK_BYTES", block)
    path = written(tmp_path, data)
    assert "".join(text_blocks(path)) == read_text_file(path) == read_text_file(str(path)) == READ


def test_line_ends_are_made_one_kind_and_a_lone_return_stays(tmp_path, monkeypatch):
    for block in (1, 2, 100):
        monkeypatch.setattr(text_files, "BLOCK_BYTES", block)
        assert read_text_file(written(tmp_path, b"a\r\nb\rc\r\r\nd\r")) == "a\nb\rc\r\nd\r"


@pytest.mark.parametrize(("data", "message"), [
    (b"abc\0def", "byte 3 is zero"),
    (codecs.BOM_UTF8 + b"abc\0def", "byte 6 is zero"),
    ("plain".encode("utf-16-le"), "byte 1 is zero"),
    (codecs.BOM_UTF16_LE + b"a\0\0\0", "character 1"),
    (b"caf\xe9 au lait", r"not UTF-8 text: byte 3 \(0xe9\)"),
    (codecs.BOM_UTF8 + b"caf\xe9", r"byte 6 \(0xe9\)"),
    (b"cut off \xf0\x9f", r"byte 8 \(0xf0\)"),
    ("\U0001f44b".encode() + b"\xe4\xbd\x20", r"byte 4 \(0xe4\)"),
    (codecs.BOM_UTF16_LE + b"a\0b", r"not UTF-16 text: byte 4"),
    (codecs.BOM_UTF16_BE + b"\0a\xd8\x00\0b", r"byte 4 \(0xd8\)"),
])  # fmt: skip
@pytest.mark.parametrize("block", [1, 3, 2**20])
def test_anything_else_is_refused_with_the_byte_however_it_is_read(
    tmp_path, data, message, block, monkeypatch
):
    monkeypatch.setattr(text_files, "BLOCK_BYTES", block)
    with pytest.raises(TextFileError, match=message) as caught:
        read_text_file(written(tmp_path, data))
    assert "mine.txt" in str(caught.value)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("encoding", "text"), [
    ("cp1252", "L’été – déjà ? « Zoé » paie 5 €"), ("latin-1", "déjà"), ("cp1251", "Мама мыла раму"),
    ("shift_jis", "吾輩は猫である"), ("gb18030", "你好"),
])  # fmt: skip
def test_an_encoding_that_is_named_is_used_and_never_guessed(tmp_path, encoding, text, monkeypatch):
    monkeypatch.setattr(text_files, "BLOCK_BYTES", 3)
    path = written(tmp_path, text.encode(encoding))
    assert read_text_file(path, encoding=encoding) == text
    with pytest.raises(TextFileError, match="name its encoding"):
        read_text_file(path)


def test_a_mark_outweighs_the_encoding_that_is_named(tmp_path):
    assert read_text_file(written(tmp_path, TEXT.encode("utf-16")), encoding="cp1252") == READ


@pytest.mark.parametrize("encoding", ["klingon", "base64", "hex"])
def test_what_is_no_encoding_of_text_is_refused(tmp_path, encoding):
    with pytest.raises(TextFileError, match=repr(encoding)):
        read_text_file(written(tmp_path, b"abc"), encoding=encoding)


def test_a_byte_that_the_named_encoding_does_not_know_is_refused(tmp_path):
    with pytest.raises(TextFileError, match=r"not CP1252 text: byte 2 \(0x81\)"):
        read_text_file(written(tmp_path, b"ab\x81"), encoding="cp1252")


def test_two_gigabytes_are_refused_without_being_read(tmp_path, monkeypatch):
    monkeypatch.delattr(text_files, "text_blocks")
    path = tmp_path / "huge.txt"
    with path.open("wb") as file:
        os.truncate(file.fileno(), 2 * 2**30)  # a sparse file: takes no room
    with pytest.raises(TextFileError, match=r"huge.txt has 2 GiB, but at most 64 MiB can be read\."):
        read_text_file(path)


def test_the_limit_itself_is_allowed(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("x" * 100)
    assert len(read_text_file(path, max_bytes=100)) == 100
    with pytest.raises(TextFileError, match="100 bytes, but at most 99 bytes"):
        read_text_file(path, max_bytes=99)


def test_a_missing_file_a_folder_and_a_pipe_are_refused(tmp_path):
    with pytest.raises(TextFileError, match=r"none.txt can't be read: No such file"):
        read_text_file(tmp_path / "none.txt")
    with pytest.raises(TextFileError, match="is not a file"):
        read_text_file(tmp_path)
    os.mkfifo(tmp_path / "pipe")  # reading it would wait for ever
    with pytest.raises(TextFileError, match="pipe is not a file"):
        read_text_file(tmp_path / "pipe")
