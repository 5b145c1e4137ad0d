import codecs
import os
import time

import pytest

from playground.corpora.text_files import TextFileError, decode_text, read_text_file

TEXT = "Zoë said: 你好 👋\r\nsecond line\n"


@pytest.mark.parametrize("data", [
    TEXT.encode(), codecs.BOM_UTF8 + TEXT.encode(), TEXT.encode("utf-16"),
    codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"), codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
])  # fmt: skip
def test_utf8_and_marked_utf16_come_back_as_they_were(tmp_path, data):
    path = tmp_path / "my text.txt"
    path.write_bytes(data)
    assert read_text_file(path) == TEXT
    assert read_text_file(str(path)) == TEXT


@pytest.mark.parametrize(("data", "message"), [
    (b"", "empty"),
    (b" \n\t ", "empty"),
    (codecs.BOM_UTF8, "empty"),
    (codecs.BOM_UTF16_LE, "empty"),
    (b"abc\0def", "byte 3 is zero"),
    (codecs.BOM_UTF8 + b"abc\0def", "byte 6 is zero"),
    ("plain".encode("utf-16-le"), "byte 1 is zero"),
    (codecs.BOM_UTF16_LE + b"a\0\0\0", "character 1"),
    ("plain".encode("utf-32"), "UTF-32"),
    (b"caf\xe9 au lait", r"not UTF-8 text: byte 3 \(0xe9\)"),
    (codecs.BOM_UTF8 + b"caf\xe9", r"byte 6 \(0xe9\)"),
    (b"cut off \xf0\x9f", r"byte 8 \(0xf0\)"),
    (codecs.BOM_UTF16_LE + b"a\0b", r"not UTF-16 text: byte 4"),
    (codecs.BOM_UTF16_BE + b"\0a\xd8\x00\0b", r"byte 4 \(0xd8\)"),
])  # fmt: skip
def test_anything_else_is_refused_in_one_sentence_that_names_the_file(data, message):
    with pytest.raises(TextFileError, match=message) as caught:
        decode_text(data, "mine.txt")
    assert "mine.txt" in str(caught.value)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def test_two_gigabytes_are_refused_at_once_without_being_read(tmp_path):
    path = tmp_path / "huge.txt"
    with path.open("wb") as file:
        os.truncate(file.fileno(), 2 * 2**30)  # a sparse file: takes no room
    start = time.perf_counter()
    with pytest.raises(TextFileError, match=r"huge.txt has 2 GiB, but at most 64 MiB can be read\."):
        read_text_file(path)
    assert time.perf_counter() - start < 0.2


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
