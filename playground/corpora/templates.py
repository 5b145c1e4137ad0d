"""A document from the fields of a record, by a template such as "Question: {question}\\nAnswer: {answer}"."""

from __future__ import annotations

import json
import string
from collections.abc import Iterable, Mapping
from typing import Any

from playground.corpora.text_files import TextFileError


class TemplateError(TextFileError):
    """A template that can't be followed; the message is one sentence."""


TEXT_COLUMNS = ("text", "content", "story", "document", "body")
"""The column that is read where none is named and there are several."""

MAX_LISTED = 20


class FilledTemplate(str):
    """A document made of a record; it knows at which character its last field begins."""

    last_field_at: int

    def __new__(cls, text: str, last_field_at: int) -> FilledTemplate:
        """Make the document of its text."""
        made = super().__new__(cls, text)
        made.last_field_at = last_field_at
        return made

    def __reduce__(self) -> tuple[type[FilledTemplate], tuple[str, int]]:
        """Return what a copy is made of."""
        return FilledTemplate, (str(self), self.last_field_at)


class Template:
    """Puts fields into a text; "\\n" typed as two characters is a line break, {{ and }} are braces.

    Only {field} is allowed: no attributes, places or formats, so that a template from a stranger reads
    nothing else. Raises TemplateError for anything else.
    """

    def __init__(self, template: str) -> None:
        self.parts: list[tuple[str, str | None]] = []
        try:
            parsed = list(string.Formatter().parse(template.replace("\\n", "\n")))
        except ValueError as error:
            raise TemplateError(f"The template {template!r} can't be read: {error}.") from error
        for literal, field, form, conversion in parsed:
            if field is not None and (form or conversion or not field or set(".[") & set(field)):
                raise TemplateError(f"The template {template!r} may only have plain fields, as {{question}}.")
            self.parts.append((literal, field))
        if not self.fields:
            raise TemplateError(f"The template {template!r} has no field, as {{question}}.")

    @classmethod
    def of_column(cls, column: str) -> Template:
        """Return the template that is one column, whatever its name."""
        made = cls("{column}")
        made.parts = [("", column)]
        return made

    @property
    def fields(self) -> list[str]:
        """The fields it asks for."""
        return [field for _, field in self.parts if field is not None]

    def fill(self, record: Mapping[str, Any]) -> FilledTemplate:
        """Return the document of a record; a field that is missing or None is empty."""
        text, last_field_at = "", 0
        for literal, field in self.parts:
            text += literal
            if field is not None:
                last_field_at = len(text)
                text += as_text(record.get(field))
        return FilledTemplate(text, last_field_at)


def as_text(value: Any) -> str:
    """Return a field of a record as text: nothing for None, JSON for a list or an object."""
    if isinstance(value, str):
        return value.replace("\r\n", "\n")
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return "" if value is None else str(value)


def record_template(columns: Iterable[str], column: str, template: str, name: str) -> Template:
    """Return how a record of these columns becomes a document; `name` is what errors call its source.

    Without column and template: the only column, or the first of TEXT_COLUMNS that is there. Raises
    TemplateError naming the columns there are.
    """
    known = list(columns)
    asked = Template(template).fields if template else [column or usual_column(known)]
    for field in asked:
        if not field:
            raise TemplateError(f"{name} has several columns, so name the one that is text: {listed(known)}.")
        if field not in known:
            raise TemplateError(f"{name} has no column {field!r}: its columns are {listed(known)}.")
    return Template(template) if template else Template.of_column(asked[0])


def usual_column(columns: list[str]) -> str:
    """Return the column that is read where none is named, or "" where one must be."""
    return columns[0] if len(columns) == 1 else next((c for c in TEXT_COLUMNS if c in columns), "")


def listed(columns: list[str]) -> str:
    """Return the names of columns for a sentence; of many, the first."""
    more = len(columns) - MAX_LISTED
    return ", ".join(columns[:MAX_LISTED]) + (f" and {more} more" if more > 0 else "")
