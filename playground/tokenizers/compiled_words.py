"""Cutting text into the words of byte-level BPE and numbering them; importing it imports a compiler."""

from __future__ import annotations

import numpy as np

from playground.compiling import compiled

LETTER, DIGIT, OTHER, BLANK, UNKNOWN = range(5)
"""Kinds of characters, by number in the table `kinds` of all code points."""

SPACE, QUOTE = ord(" "), ord("'")
D, E, L, M, R, S, T, V = map(ord, "delmrstv")
NOBODY = np.int32(-1)


@compiled
def word_end(codes, kinds, at, end):
    """Return where the word that begins at `at` ends, in a text that ends at `end`.

    By the rule of GPT-2 (Radford et al. 2019):
    's|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+
    """
    first, stop = codes[at], at + 1
    if first == QUOTE and stop < end:
        a, b = codes[stop], codes[stop + 1] if stop + 1 < end else SPACE
        if a in (S, T, M, D):
            return at + 2
        if (a in (R, V) and b == E) or (a == L and b == L):
            return at + 3
    kind = kinds[first]
    if first == SPACE and stop < end and kinds[codes[stop]] != BLANK:
        kind = kinds[codes[stop]]
        stop += 1
    while stop < end and kinds[codes[stop]] == kind:
        stop += 1
    if kind == BLANK and stop < end and stop - at > 1:
        stop -= 1  # the last blank belongs to what follows
    return stop


@compiled
def same(codes, begin, end, letters, at):
    """Return whether codes[begin:end] stand in `letters` from `at` on."""
    for i in range(end - begin):  # noqa: SIM110 -- generators are not compiled
        if codes[begin + i] != letters[at + i]:
            return False
    return True


@compiled
def number_words(codes, ends, kinds, slots, hashes, starts, letters, n_known, numbers):
    """Write the number of each word of texts that end at `ends`; return how many there are, and are known.

    Word i is letters[starts[i]:starts[i + 1]]; a new one gets the next number. `slots` is a hash table of
    numbers with open addressing, its length a power of 2.
    """
    n, at, mask = 0, 0, np.uint64(len(slots) - 1)
    for end in ends:
        while at < end:
            stop = word_end(codes, kinds, at, end)
            value = np.uint64(14695981039346656037)  # FNV-1a, by code points
            for i in range(at, stop):
                value = (value ^ np.uint64(codes[i])) * np.uint64(1099511628211)
            slot = (value ^ (value >> np.uint64(32))) & mask
            while slots[slot] != NOBODY:
                word = slots[slot]
                is_as_long = starts[word + 1] - starts[word] == stop - at
                if hashes[word] == value and is_as_long and same(codes, at, stop, letters, starts[word]):
                    break
                slot = (slot + np.uint64(1)) & mask
            if slots[slot] == NOBODY:
                slots[slot], hashes[n_known] = n_known, value
                begin = starts[n_known]
                letters[begin : begin + stop - at] = codes[at:stop]
                n_known += 1
                starts[n_known] = begin + stop - at
            numbers[n] = slots[slot]
            n += 1
            at = stop
        numbers[n] = NOBODY  # ends the text
        n += 1
    return n, n_known


@compiled
def count_tokens(numbers, id_starts, ends):
    """Write where the tokens of each text end; return how many there are."""
    text, total = 0, 0
    for number in numbers:
        if number == NOBODY:
            ends[text] = total
            text += 1
        else:
            total += id_starts[number + 1] - id_starts[number]
    return total


@compiled
def write_ids(numbers, id_starts, ids, tokens):
    """Write the ids of every word, one behind the other."""
    n = 0
    for number in numbers:
        if number != NOBODY:
            for i in range(id_starts[number], id_starts[number + 1]):
                tokens[n] = ids[i]
                n += 1
