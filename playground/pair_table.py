"""A compiled hash table that counts pairs of tokens; importing this module starts a compiler.

Open addressing with multiplicative hashing (Knuth, TAOCP vol. 3, section 6.4). A pair is one number, and is
stored plus one, so that 0 is an empty slot.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
ONE, ONE_COUNT = np.uint64(1), np.uint32(1)


@njit(nogil=True)
def fill(pairs, begin, keys, counts, used, skipped, shift):
    """Count pairs from begin on; stop at the end, or when the table is three quarters full.

    A slot is the hash without its first `skipped` bits, shifted. Returns where it stopped and how many slots
    are used.
    """
    # Written out in one loop: a call for each pair would take five times as long.
    mask, limit = np.uint64(len(keys) - 1), 3 * len(keys) // 4
    for i in range(begin, len(pairs)):
        pair = np.uint64(pairs[i])
        key = pair + ONE
        slot = ((pair * MULTIPLIER) << skipped) >> shift
        while True:
            found = keys[slot]
            if found == key:
                counts[slot] += ONE_COUNT
                break
            if found == 0:
                keys[slot], counts[slot] = key, ONE_COUNT
                used += 1
                break
            slot = (slot + ONE) & mask
        if used > limit:
            return i + 1, used
    return len(pairs), used


@njit(nogil=True)
def move(old_keys, old_counts, keys, counts, skipped, shift):
    """Put what a table holds into a larger, empty one."""
    mask = np.uint64(len(keys) - 1)
    for i in range(len(old_keys)):
        if old_keys[i] == 0:
            continue
        slot = (((old_keys[i] - ONE) * MULTIPLIER) << skipped) >> shift
        while keys[slot] != 0:
            slot = (slot + ONE) & mask
        keys[slot], counts[slot] = old_keys[i], old_counts[i]


@njit(nogil=True)
def take(keys, counts, found):
    """Write the counts of all used slots to `found`, empty the table, and return how many there were."""
    n = 0
    for slot in range(len(keys)):
        if keys[slot] != 0:
            found[n] = counts[slot]
            n += 1
            keys[slot] = 0
    return n


class PairTable:
    """Counts pairs, a lot at a time; it doubles when it is three quarters full."""

    def __init__(self, bits: int, skipped: int = 0) -> None:
        """Begin with 2**bits slots; all hashes have the same first `skipped` bits."""
        self.skipped, self.shift = np.uint64(skipped), np.uint64(64 - bits)
        self.keys, self.counts = np.zeros(1 << bits, np.uint64), np.zeros(1 << bits, np.uint32)

    def count(self, pairs: NDArray[np.unsignedinteger]) -> NDArray[np.uint32]:
        """Return how often each distinct one of these pairs occurs, in no order."""
        done = used = 0
        while True:
            done, used = fill(pairs, done, self.keys, self.counts, used, self.skipped, self.shift)
            if done == len(pairs):
                break
            self.double()
        found = np.empty(used, np.uint32)
        take(self.keys, self.counts, found)
        return found

    def double(self) -> None:
        """Move everything into a table of twice the size."""
        bigger = PairTable(65 - int(self.shift), int(self.skipped))
        move(self.keys, self.counts, bigger.keys, bigger.counts, self.skipped, bigger.shift)
        self.keys, self.counts, self.shift = bigger.keys, bigger.counts, bigger.shift
