"""A limit on how much of a source is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Capped:
    """The first documents of a source, which can be read again and again; nothing beyond them is read.

    Documents are taken while they fit; one text, or a first document that alone is too long, is cut.
    """

    documents: Iterable[str]
    max_documents: int = 0
    """Documents that are not blank; 0: all."""
    max_bytes: int = 0
    """In UTF-8; 0: all."""
    whole_documents: bool = True
    """False: parts of one text, which is cut at max_bytes, and where documents aren't counted."""

    def __iter__(self) -> Iterator[str]:
        n_documents = n_bytes = 0
        for document in self.documents:
            size = len(document.encode("utf-8", "surrogatepass")) if self.max_bytes else 0
            if self.max_bytes and n_bytes + size > self.max_bytes:
                if n_documents == 0 or not self.whole_documents:
                    yield from filter(None, [first_bytes(document, self.max_bytes - n_bytes)])
                return
            yield document
            n_bytes += size
            n_documents += bool(document.strip())
            if self.whole_documents and n_documents == self.max_documents > 0:
                return


def first_bytes(text: str, n: int) -> str:
    """Return as many whole characters as fit into n bytes of UTF-8."""
    head = text[:n].encode("utf-8", "surrogatepass")[:n]
    while True:  # a character that was cut is at most three bytes too many
        try:
            return head.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            head = head[:-1]
