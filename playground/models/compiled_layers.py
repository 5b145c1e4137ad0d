"""One token of each row through a transformer's layers, in compiled loops; importing it imports a compiler.

A token alone reads every weight once and does little with it, so what counts is how fast the weights come
from memory: matrices are read as several streams far apart, which the processor fetches ahead best (streams
within one page hinder each other). Rows are taken four at a time. Float32 or finer, on the CPU.
"""

from __future__ import annotations

import math

import numpy as np

from playground.compiling import compiled_sums


@compiled_sums
def linear(x, weight, bias, y):
    """Write x weightᵀ + bias into y, all (row, features); an empty bias is none."""
    in_fours = len(x) - len(x) % 4
    if in_fours:
        _linear_fours(x, weight, y, in_fours)
    for row in range(in_fours, len(x)):
        _linear_row(x[row], weight, y[row])
    if len(bias):
        for row in range(len(x)):
            y[row] += bias


@compiled_sums
def _linear_row(x, weight, y):
    """Multiply one row, reading the upper and the lower half of the weights side by side."""
    n_out, n_in = weight.shape
    half = n_out // 2
    for o in range(half):
        a = b = x.dtype.type(0)
        for i in range(n_in):
            a += weight[o, i] * x[i]
            b += weight[o + half, i] * x[i]
        y[o], y[o + half] = a, b
    if n_out % 2:
        y[n_out - 1] = _dot(weight[n_out - 1], x)


@compiled_sums
def _linear_fours(x, weight, y, n_rows):
    """Multiply a multiple of four rows: each weight that is fetched serves four sums, each x four others."""
    n_out, n_in = weight.shape
    q = n_out // 4
    for o in range(q):
        for r in range(0, n_rows, 4):
            a0 = a1 = a2 = a3 = b0 = b1 = b2 = b3 = x.dtype.type(0)
            c0 = c1 = c2 = c3 = d0 = d1 = d2 = d3 = x.dtype.type(0)
            for i in range(n_in):
                w0, w1, w2, w3 = weight[o, i], weight[o + q, i], weight[o + 2 * q, i], weight[o + 3 * q, i]
                x0, x1, x2, x3 = x[r, i], x[r + 1, i], x[r + 2, i], x[r + 3, i]
                a0 += w0 * x0
                a1 += w1 * x0
                a2 += w2 * x0
                a3 += w3 * x0
                b0 += w0 * x1
                b1 += w1 * x1
                b2 += w2 * x1
                b3 += w3 * x1
                c0 += w0 * x2
                c1 += w1 * x2
                c2 += w2 * x2
                c3 += w3 * x2
                d0 += w0 * x3
                d1 += w1 * x3
                d2 += w2 * x3
                d3 += w3 * x3
            y[r, o], y[r, o + q], y[r, o + 2 * q], y[r, o + 3 * q] = a0, a1, a2, a3
            y[r + 1, o], y[r + 1, o + q], y[r + 1, o + 2 * q], y[r + 1, o + 3 * q] = b0, b1, b2, b3
            y[r + 2, o], y[r + 2, o + q], y[r + 2, o + 2 * q], y[r + 2, o + 3 * q] = c0, c1, c2, c3
            y[r + 3, o], y[r + 3, o + q], y[r + 3, o + 2 * q], y[r + 3, o + 3 * q] = d0, d1, d2, d3
    for o in range(4 * q, n_out):
        for row in range(n_rows):
            y[row, o] = _dot(weight[o], x[row])


@compiled_sums
def _dot(a, b):
    total = a.dtype.type(0)
    for i in range(len(a)):
        total += a[i] * b[i]
    return total


@compiled_sums
def normalise(x, weight, bias, eps, centred, y):
    """Write the rows of x, with variance 1 (and mean 0 if centred), times weight plus bias into y."""
    n, number = x.shape[1], x.dtype.type
    for row in range(len(x)):
        mean = squares = number(0)
        if centred:
            for i in range(n):
                mean += x[row, i]
            mean /= number(n)
        for i in range(n):
            squares += (x[row, i] - mean) * (x[row, i] - mean)
        scale = number(1 / math.sqrt(squares / n + eps))
        for i in range(n):
            y[row, i] = (x[row, i] - mean) * scale * weight[i]
        if len(bias):
            y[row] += bias


@compiled_sums
def _normalise_and_turn(head, gain, eps, cos, sin):
    """Bring a head's query or key to length √d_head times a gain, if it has one, and turn it by an angle."""
    n = len(head)
    if len(gain):
        scale = head.dtype.type(1 / math.sqrt(_dot(head, head) / n + eps))
        for i in range(n):
            head[i] *= scale * gain[i]
    for i in range(len(cos)):  # empty unless positions are rotary
        first, second = head[i], head[i + n // 2]
        head[i] = first * cos[i] - second * sin[i]
        head[i + n // 2] = first * sin[i] + second * cos[i]


@compiled_sums
def _mix(q, keys, values, shares, mixed):
    """Write the values of all positions, weighted by softmax(q keysᵀ / √d_head), into mixed."""
    scale, largest = q.dtype.type(1 / math.sqrt(len(q))), q.dtype.type(-math.inf)
    for pos in range(len(shares)):
        shares[pos] = scale * _dot(q, keys[pos])
        largest = max(largest, shares[pos])
    total = q.dtype.type(0)
    for pos in range(len(shares)):
        shares[pos] = math.exp(shares[pos] - largest)
        total += shares[pos]
    mixed[:] = 0
    for pos in range(len(shares)):
        share = shares[pos] / total
        for i in range(len(q)):
            mixed[i] += share * values[pos, i]


@compiled_sums
def _attend(heads, n_heads, gains, eps, cos, sin, keys, values, position, starts):
    """Add a token of each row to keys and values, and return what its queries find there.

    heads: (row, head, d_head), queries, then keys, then values; keys, values: (row, kv_head, n_ctx, d_head);
    gains: (head, d_head) of normalised queries and keys, without numbers where they stay as they are;
    cos, sin: (row, half_head); starts: (row,), the first position of each that holds a real token.
    """
    n_kv_heads = keys.shape[1]
    mixed = np.empty((len(heads), n_heads, heads.shape[2]), heads.dtype)
    shares = np.empty(position + 1, heads.dtype)
    for row in range(len(heads)):
        for head in range(n_heads + n_kv_heads):
            _normalise_and_turn(heads[row, head], gains[head], eps, cos[row], sin[row])
        for kv in range(n_kv_heads):
            keys[row, kv, position] = heads[row, n_heads + kv]
            values[row, kv, position] = heads[row, n_heads + n_kv_heads + kv]
        start = starts[row]
        for head in range(n_heads):
            kv = head // (n_heads // n_kv_heads)
            own_keys, own_values = keys[row, kv, start:], values[row, kv, start:]
            _mix(heads[row, head], own_keys, own_values, shares[start:], mixed[row, head])
    return mixed.reshape(len(heads), -1)


@compiled_sums
def until_activation(
    x, norm, norm_bias, eps, centred, qkv, qkv_bias, n_heads, gains, qk_eps, cos, sin, keys, values, position,
    starts, out, out_bias, mlp_norm, mlp_norm_bias, up, up_bias,
):  # fmt: skip
    """Add a layer's attention to x (row, d_model), and return what its MLP's non-linearity then reads."""
    n_rows = len(x)
    y, heads = np.empty_like(x), np.empty((n_rows, len(qkv)), x.dtype)
    normalise(x, norm, norm_bias, eps, centred, y)
    linear(y, qkv, qkv_bias, heads)
    by_head = heads.reshape(n_rows, -1, keys.shape[3])
    mixed = _attend(by_head, n_heads, gains, qk_eps, cos, sin, keys, values, position, starts)
    linear(mixed, out, out_bias, y)
    x += y
    normalise(x, mlp_norm, mlp_norm_bias, eps, centred, y)
    hidden = np.empty((n_rows, len(up)), x.dtype)
    linear(y, up, up_bias, hidden)
    return hidden


@compiled_sums
def after_activation(x, hidden, down, down_bias):
    """Add what the MLP makes of its activated hidden layer to x."""
    y = np.empty_like(x)
    linear(hidden, down, down_bias, y)
    x += y


@compiled_sums
def unembed(x, norm, norm_bias, eps, centred, weight):
    """Return the logits of x (row, d_model)."""
    y, logits = np.empty_like(x), np.empty((len(x), len(weight)), x.dtype)
    normalise(x, norm, norm_bias, eps, centred, y)
    linear(y, weight, norm_bias[:0], logits)
    return logits
