"""How often each merge of a byte-pair encoding was made in the text it was learned from.

The library that learns the merges does not tell, so they are made again here, on the distinct words of the
text, in the order learned (Sennrich et al. 2016).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from playground.tokenizers.base import without_surrogates
from playground.tokenizers.bpe import BPETokenizer

Pair = tuple[str, str]


def count_words(tokenizer: BPETokenizer, texts: Iterable[str]) -> Counter[str]:
    """Count the words of a text, in visible byte characters; no merge joins two of them."""
    words: Counter[str] = Counter()
    cut = tokenizer.library.pre_tokenizer.pre_tokenize_str
    for text in texts:
        words.update(word for word, _ in cut(without_surrogates(text)))
    return words


def merge_counts(tokenizer: BPETokenizer, texts: Iterable[str]) -> list[int]:
    """Return how many places of a text each merge joins, in the order learned."""
    counted = count_words(tokenizer, texts)
    words, counts = [list(word) for word in counted], list(counted.values())
    learned = set(tokenizer.merges)
    where: dict[Pair, set[int]] = defaultdict(set)
    for number, word in enumerate(words):
        _note_pairs(word, number, learned, where)
    made = []
    for pair in tokenizer.merges:
        total = 0
        for number in where.pop(pair, ()):
            joined, places = join(words[number], pair)
            if places:
                words[number] = joined
                total += places * counts[number]
                _note_pairs(joined, number, learned, where)
        made.append(total)
    return made


def _note_pairs(word: list[str], number: int, learned: set[Pair], where: dict[Pair, set[int]]) -> None:
    for pair in zip(word, word[1:], strict=False):
        if pair in learned:
            where[pair].add(number)


def join(word: list[str], pair: Pair) -> tuple[list[str], int]:
    """Return a word with a pair joined from left to right, and in how many places."""
    joined, i = [], 0
    while i < len(word):
        if i + 1 < len(word) and word[i] == pair[0] and word[i + 1] == pair[1]:
            joined.append(pair[0] + pair[1])
            i += 2
        else:
            joined.append(word[i])
            i += 1
    return joined, len(word) - len(joined)
