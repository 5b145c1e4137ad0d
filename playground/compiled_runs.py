"""The distinct runs of a long text, on all cores; importing it imports a compiler.

All positions of the text are kept in the order of the runs that begin there. Runs of one token more are found
by sorting every group of equal runs by its next token (Bentley and Sedgewick's radix sort, one token at a
time): most groups of long runs have a single member, and cost next to nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from playground.compiling import compiled
from playground.token_files import dtype_for

MAX_CORES = 8
SHARES = 8
"""Groups are sorted in as many lots a core, so that none is long idle."""

FEW = 24
"""A group of at most as many members is sorted by insertion, a larger one by counting."""

Tokens = NDArray[np.unsignedinteger]
Numbers = NDArray[np.int64]
Positions = NDArray[np.int32]


@compiled
def sort_few(own_tokens, own_places, n):
    """Sort n tokens and their places by token, by insertion."""
    for i in range(1, n):
        token, place = own_tokens[i], own_places[i]
        j = i
        while j > 0 and own_tokens[j - 1] > token:
            own_tokens[j], own_places[j] = own_tokens[j - 1], own_places[j - 1]
            j -= 1
        own_tokens[j], own_places[j] = token, place


@compiled
def sort_many(own_tokens, own_places, n, table, sorted_tokens, sorted_places):
    """Write n tokens and their places sorted by token; `table`, zero for all tokens, is left so."""
    distinct = 0
    for i in range(n):
        token = own_tokens[i]
        if table[token] == 0:
            sorted_tokens[distinct] = token
            distinct += 1
        table[token] += 1
    seen = np.sort(sorted_tokens[:distinct])
    reached = 0
    for token in seen:
        reached += table[token]
        table[token] = reached - table[token]
    for i in range(n):
        place = table[own_tokens[i]]
        sorted_tokens[place], sorted_places[place] = own_tokens[i], own_places[i]
        table[own_tokens[i]] = place + 1
    for token in seen:
        table[token] = 0


@compiled
def refine(tokens, d_vocab, ahead, places, starts, first, last, table, new_starts, new_keys):
    """Sort groups first..last - 1 by the token `ahead` of each member, and write the groups that this makes.

    Group i is places[starts[i]:starts[i + 1]]; members whose token would lie beyond the text are dropped.
    Returns where the places of these groups end, and the new groups, both written from starts[first] on.
    """
    most = 0
    for group in range(first, last):
        most = max(most, starts[group + 1] - starts[group])
    own_tokens, own_places = np.empty(most, tokens.dtype), np.empty(most, places.dtype)
    sorted_tokens, sorted_places = np.empty(most, tokens.dtype), np.empty(most, places.dtype)
    out = made = starts[first]
    for group in range(first, last):
        n = 0
        for i in range(starts[group], starts[group + 1]):
            place = places[i]
            if place + ahead < len(tokens):
                own_tokens[n], own_places[n] = tokens[place + ahead], place
                n += 1
        final_tokens, final_places = own_tokens, own_places
        if n > FEW:
            sort_many(own_tokens, own_places, n, table, sorted_tokens, sorted_places)
            final_tokens, final_places = sorted_tokens, sorted_places
        elif n > 1:
            sort_few(own_tokens, own_places, n)
        for i in range(n):
            if i == 0 or final_tokens[i] != final_tokens[i - 1]:
                new_starts[made] = out
                new_keys[made] = group * d_vocab + np.int64(final_tokens[i])
                made += 1
            places[out] = final_places[i]
            out += 1
    return out, made


@compiled
def number(places, starts, first, last, at):
    """Write to every place the number of its group."""
    for group in range(first, last):
        for i in range(starts[group], starts[group + 1]):
            at[places[i]] = group


@compiled
def find(keys, rows, d_vocab, contexts, tokens, found):
    """Write the place in `keys` of each context followed by a token, or -1.

    The keys of context c are keys[rows[c]:rows[c + 1]]; a context of -1 is not there.
    """
    for i in range(len(contexts)):
        found[i] = -1
        if contexts[i] < 0:
            continue
        wanted = contexts[i] * d_vocab + np.int64(tokens[i])
        low, high = rows[contexts[i]], rows[contexts[i] + 1]
        while low < high:
            middle = (low + high) // 2
            if keys[middle] < wanted:
                low = middle + 1
            else:
                high = middle
        if low < rows[contexts[i] + 1] and keys[low] == wanted:
            found[i] = low


class Runs:
    """The runs of a text, of one length after the other; of no tokens to begin with."""

    def __init__(self, tokens: NDArray[np.integer], d_vocab: int, pool: ThreadPoolExecutor) -> None:
        self.tokens: Tokens = tokens.astype(dtype_for(d_vocab))
        self.d_vocab, self.pool, self.length = d_vocab, pool, 0
        self.places: Positions = np.arange(len(tokens), dtype=np.int32)
        self.starts: Numbers = np.array([0, len(tokens)])
        self.keys: Numbers = np.zeros(1, np.int64)

    def lengthen(self) -> None:
        """Go on to the runs of one token more."""
        shares, new_starts = self._shares(), np.empty(len(self.places), np.int64)
        new_keys = np.empty_like(new_starts)

        def refine_share(share: tuple[int, int]) -> tuple[int, int]:
            table = np.zeros(self.d_vocab, np.int32)
            return refine(
                self.tokens, self.d_vocab, self.length, self.places, self.starts, *share, table, new_starts,
                new_keys,
            )  # fmt: skip

        ends = list(self.pool.map(refine_share, shares))
        places, starts, keys, before = [], [], [], 0
        for (first, _), (out, made) in zip(shares, ends, strict=True):
            begin = self.starts[first]
            places.append(self.places[begin:out])
            starts.append(new_starts[begin:made] - (begin - before))
            keys.append(new_keys[begin:made])
            before += out - begin
        self.places, self.keys = np.concatenate(places), np.concatenate(keys)
        self.starts = np.concatenate((*starts, [before]))
        self.length += 1

    def at(self) -> Positions:
        """Return the number of the run that begins at each position."""
        at = np.empty(len(self.places), np.int32)
        list(self.pool.map(lambda share: number(self.places, self.starts, *share, at), self._shares()))
        return at

    def _shares(self) -> list[tuple[int, int]]:
        wanted = np.linspace(0, self.starts[-1], SHARES * cores() + 1)
        edges = np.unique(np.searchsorted(self.starts, wanted)).tolist()
        return list(zip(edges[:-1], edges[1:], strict=True))


def cores() -> int:
    """Return how many cores are used."""
    return min(os.cpu_count() or 1, MAX_CORES)


def runs_by_length(
    tokens: NDArray[np.integer], d_vocab: int, longest: int
) -> Iterator[tuple[Numbers, Numbers, Positions, Positions]]:
    """Yield keys, counts, where each run is, and which run is where, by length from 1 on (see Grams).

    Ids must be below d_vocab.
    """
    with ThreadPoolExecutor(cores()) as pool:
        runs = Runs(tokens, d_vocab, pool)
        for _ in range(min(longest, len(tokens))):
            runs.lengthen()
            yield runs.keys, np.diff(runs.starts), runs.places[runs.starts[:-1]], runs.at()
