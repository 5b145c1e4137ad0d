"""One's own text from files: plain text, JSON lines, CSV, Parquet, or a folder, read as it is asked for."""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playground.corpora.parts import joined_parts
from playground.corpora.templates import record_template
from playground.corpora.text_files import MAX_BYTES, TextFileError, in_units, read_text_file, text_blocks

Record = dict[str, Any]

READ_PART_CHARACTERS = 1 << 20
PARQUET_ROWS = 256


@dataclass(frozen=True)
class DocumentFile:
    """The documents of a file or folder; it can be read again and again, and is never held as a whole.

    Reading raises TextFileError in one sentence, naming the file and the line or byte.
    """

    path: Path
    column: str = ""
    """Of a file of records: the column that is the text; "": the only one, or one that is named so."""
    template: str = ""
    """Of a file of records: how fields become a document, as "Question: {question}"."""
    encoding: str = ""
    """Of text without a byte-order mark; "": UTF-8."""

    def check(self) -> None:
        """Raise TextFileError, before anything is read, if there is no such file or its columns don't fit."""
        if not self.path.exists():
            raise TextFileError(f"There is no file or folder {str(self.path)!r}.")
        if self.path.is_dir():
            files_of(self.path)
        elif columns := columns_of(self.path, self.encoding):
            record_template(columns, self.column, self.template, self.path.name)

    @property
    def whole_documents(self) -> bool:
        """False for plain text, which comes in parts of one text."""
        return self.path.is_dir() or is_table(self.path)

    def __iter__(self) -> Iterator[str]:
        if self.path.is_dir():
            for path in files_of(self.path):
                if is_table(path):
                    yield from self._documents(path)
                else:
                    yield read_text_file(path, encoding=self.encoding)
        elif is_table(self.path):
            yield from self._documents(self.path)
        else:
            blocks = _not_blank(text_blocks(self.path, self.encoding), self.path.name)
            yield from joined_parts(blocks, READ_PART_CHARACTERS)

    def _documents(self, path: Path) -> Iterator[str]:
        columns = columns_of(path, self.encoding)
        if columns:
            template = record_template(columns, self.column, self.template, path.name)
            for record in RECORDS[path.suffix.lower()](path, template.fields, self.encoding):
                yield template.fill(record)


def _not_blank(blocks: Iterable[str], name: str) -> Iterator[str]:
    blank = True
    for block in blocks:
        blank = blank and not block.strip()
        yield block
    if blank:
        raise TextFileError(f"{name} is empty: there is no text in it.")


def is_table(path: Path) -> bool:
    """Return whether a file holds records, by how its name ends; what is no table is read as plain text."""
    return path.suffix.lower() in RECORDS


def files_of(folder: Path) -> list[Path]:
    """Return the text files under a folder in order; hidden ones, links and other formats are left out.

    Raises TextFileError if there is none.
    """
    found = [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in (*PLAIN, *RECORDS)
        and path.is_file()
        and not path.is_symlink()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    if not found:
        raise TextFileError(
            f"{folder} has no text: files ending in {', '.join((*PLAIN, *RECORDS))} are read."
        )
    return found


def columns_of(path: Path, encoding: str = "") -> list[str]:
    """Return the columns of a file of records, by its first one; none for plain text or an empty file."""
    if not is_table(path):
        return []
    if path.suffix.lower() == ".parquet":
        with _parquet_file(path) as file:
            return list(file.schema_arrow.names)
    first = next(RECORDS[path.suffix.lower()](path, [], encoding), None)
    if first == {}:
        raise TextFileError(f"{path.name}: its first record has no column.")
    return list(first or ())


def first_records(path: Path, n: int = 5, encoding: str = "") -> list[Record]:
    """Return the first records of a file of records, whole, for showing them; none for plain text."""
    read = RECORDS.get(path.suffix.lower())
    return [] if read is None else list(itertools.islice(read(path, columns_of(path, encoding), encoding), n))


def _json_lines(path: Path, fields: list[str], encoding: str) -> Iterator[Record]:
    for number, line in enumerate(_lines(path, encoding), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            reason = f"line {number} can't be read ({error})"
            raise TextFileError(f"{path.name} is not JSON lines: {reason}.") from error
        if isinstance(value, str):
            value = {"text": value}
        if not isinstance(value, dict):
            raise TextFileError(f"{path.name}: line {number} is neither an object nor a text.")
        yield value


def _lines(path: Path, encoding: str) -> Iterator[str]:
    """Yield lines with their ends; only "\\n" ends one: other separators may stand in JSON and CSV."""
    rest: list[str] = []
    size = 0
    for block in text_blocks(path, encoding):
        *whole, last = block.split("\n")
        if whole:
            yield "".join([*rest, whole[0], "\n"])
            yield from (line + "\n" for line in whole[1:])
            rest, size = [], 0
        rest.append(last)
        size += len(last)
        if size > MAX_BYTES:
            raise TextFileError(f"{path.name} has a line of more than {in_units(MAX_BYTES)}.")
    if size:
        yield "".join(rest)


def _separated(path: Path, separator: str, encoding: str) -> Iterator[Record]:
    csv.field_size_limit(MAX_BYTES)
    rows = csv.reader(_lines(path, encoding), delimiter=separator, strict=True)
    header: list[str] = []
    try:
        for row in rows:
            if not header:
                header = _checked_header(row, path.name)
            elif len(row) > len(header):
                counts = f"{len(row)} fields, but the first has {len(header)}"
                raise TextFileError(f"{path.name}: line {rows.line_num} has {counts}.")
            elif row:
                yield dict(itertools.zip_longest(header, row))
    except csv.Error as error:
        reason = f"line {rows.line_num} can't be read ({error})"
        raise TextFileError(f"{path.name} is not a table: {reason}.") from error


def _checked_header(names: list[str], file: str) -> list[str]:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise TextFileError(f"{file} has two columns named {twice!r}: its first line must name each once.")
    return names


def _parquet(path: Path, fields: list[str], encoding: str) -> Iterator[Record]:
    import pyarrow

    with _parquet_file(path) as file:
        try:
            for batch in file.iter_batches(batch_size=PARQUET_ROWS, columns=fields):
                yield from batch.to_pylist()
        except (pyarrow.ArrowException, OSError) as error:
            raise _unreadable(path, error) from error


def _parquet_file(path: Path):
    import pyarrow
    import pyarrow.parquet

    try:
        return pyarrow.parquet.ParquetFile(path, memory_map=True)
    except (pyarrow.ArrowException, OSError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> TextFileError:
    reason = str(error).strip().split("\n")[0].rstrip(".")
    return TextFileError(f"{path.name} can't be read as Parquet: {reason}.")


PLAIN = (".txt", ".md")
RECORDS: dict[str, Callable[[Path, list[str], str], Iterator[Record]]] = {
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".csv": lambda path, fields, encoding: _separated(path, ",", encoding),
    ".tsv": lambda path, fields, encoding: _separated(path, "\t", encoding),
    ".parquet": _parquet,
}
"""Takes a path, the columns that are needed (others may be left out) and the encoding."""
