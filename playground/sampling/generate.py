"""Tokens one after the other, as they are drawn: one text, or several of one prompt at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from playground.config import ConfigError, ModelConfig, SampleConfig
from playground.lora import has_adapters
from playground.models import Cache, Model, Steps, Transformer, build_stepper
from playground.sampling.rules import reshape_logits


@dataclass(frozen=True)
class Candidate:
    """A token that could stand in a place, with its probability under the rules, and by the model itself."""

    token: int
    p: float
    own_p: float


@dataclass(frozen=True)
class Drawn:
    """One generated token, the log-probability it was drawn with, and whether the context slid for it."""

    token: int
    log_prob: float
    slid: bool
    own_p: float | None = None
    """Its probability by the model itself, before the rules, if candidates are asked for."""
    likeliest: tuple[Candidate, ...] = ()
    """The tokens in its place that the model itself finds most likely, if asked for."""


class Reader:
    """Rows of tokens of one length, as a model reads them: each only once, until the context is full.

    Then the context slides: the older half is forgotten, and the rest is read again. Raises ConfigError for
    rows without tokens.
    """

    def __init__(self, model: Model, rows: list[list[int]], *, use_cache: bool = True) -> None:
        if not rows[0]:
            raise ConfigError("The prompt has no tokens: type at least one character that the model knows.")
        self.model, self.use_cache = model, use_cache
        self.device = next(model.parameters()).device
        self.n_ctx = model.config.n_ctx
        self.slid = len(rows[0]) > self.n_ctx
        self._begin([row[-self.n_ctx :] for row in rows])

    def _begin(self, rows: list[list[int]]) -> None:
        self.rows = self.fresh = rows
        self.cache = self.model.new_cache(len(rows)) if self.use_cache else None
        self.stepper: Steps | None = None

    @torch.inference_mode()
    def logits(self) -> Float[Tensor, "row d_vocab"]:
        """Read what was not read yet, and return the logits of each row's next token, on the CPU."""
        if self.stepper is not None and len(self.fresh[0]) == 1:
            tokens = torch.tensor([row[0] for row in self.fresh], device=self.device)
            return self.stepper.logits(tokens).float().cpu()
        was_training = self.model.training
        self.model.eval()
        tokens = torch.tensor(self.fresh if self.use_cache else self.rows, device=self.device)
        logits = self.model(tokens, self.cache)[:, -1].float().cpu()
        self.model.train(was_training)
        self.stepper = self._stepper()
        return logits

    def _stepper(self) -> Steps | None:
        if not isinstance(self.model, Transformer) or not isinstance(self.cache, Cache):
            return None
        return None if has_adapters(self.model) else build_stepper(self.model, self.cache)

    def append(self, tokens: list[int]) -> None:
        """Add one token to each row; `slid` then tells whether the context slid for it."""
        rows = [[*row, token] for row, token in zip(self.rows, tokens, strict=True)]
        self.slid = len(rows[0]) > self.n_ctx
        if self.slid:
            self._begin([row[-max(1, self.n_ctx // 2) :] for row in rows])
        else:
            self.rows, self.fresh = rows, [[token] for token in tokens]

    def pick(self, chosen: list[int]) -> None:
        """Go on with these rows, in this order; a row may be chosen more than once."""
        self.rows = [self.rows[row] for row in chosen]
        if self.cache is not None:
            self.cache.pick(torch.tensor(chosen, device=self.device))
        self.stepper = self._stepper()


def generate(
    model: Model,
    tokens: list[int],
    settings: SampleConfig,
    *,
    end_id: int | None = None,
    use_cache: bool = True,
    n_likeliest: int = 0,
) -> Iterator[Drawn]:
    """Yield up to settings.max_tokens tokens that follow `tokens`, each as soon as it is drawn.

    Same seed, same tokens, whatever else runs. It ends early at end_id, which is yielded too. When the
    context is full it slides: the older half is forgotten. n_likeliest candidates are told for each place.
    Raises ConfigError for an empty prompt.
    """
    for (drawn,) in generate_batch(
        model, tokens, settings, 1, end_id=end_id, use_cache=use_cache, n_likeliest=n_likeliest
    ):
        assert drawn is not None  # a lone row ends the batch
        yield drawn


def generate_batch(
    model: Model,
    tokens: list[int],
    settings: SampleConfig,
    n: int,
    *,
    end_id: int | None = None,
    use_cache: bool = True,
    n_likeliest: int = 0,
) -> Iterator[list[Drawn | None]]:
    """Yield the next token of each of n texts that follow `tokens`; None for a text that has ended.

    Text i is the one that `generate` writes with the seed settings.seed + i.
    """
    reader = Reader(model, [tokens] * n, use_cache=use_cache)
    generators = [torch.Generator().manual_seed(settings.seed + row) for row in range(n)]
    seen, ended = [list(tokens) for _ in range(n)], [False] * n
    for _ in range(settings.max_tokens):
        drawn = _draw_rows(reader, settings, generators, seen, n_likeliest)
        yield [None if has_ended else one for one, has_ended in zip(drawn, ended, strict=True)]
        ended = [has_ended or one.token == end_id for one, has_ended in zip(drawn, ended, strict=True)]
        if all(ended):
            return
        reader.append([one.token for one in drawn])


def _draw_rows(
    reader: Reader,
    settings: SampleConfig,
    generators: list[torch.Generator],
    seen: list[list[int]],
    n_likeliest: int,
) -> list[Drawn]:
    """Draw the next token of every row, and note it in `seen`."""
    penalised = torch.tensor(seen) if settings.repetition_penalty != 1 else None
    logits, slid = reader.logits(), reader.slid
    log_probs = log_probabilities(reshape_logits(logits, settings, penalised))
    drawn = _pick(log_probs, settings, generators)
    for row, (token, _) in zip(seen, drawn, strict=True):
        row.append(token)
    if not n_likeliest:
        return [Drawn(*one, slid) for one in drawn]
    own_p = exp(log_probabilities(logits))
    others = candidates(own_p, log_probs, n_likeliest)
    return [
        Drawn(*one, slid, float(own[one[0]]), other)
        for one, own, other in zip(drawn, own_p, others, strict=True)
    ]


def log_probabilities(logits: Float[Tensor, "*row d_vocab"]) -> Float[Tensor, "*row d_vocab"]:
    """Return the log-softmax in float64, on one thread.

    PyTorch wakes a second one for a few rows, and that then spins on a core where rows could be read.
    """
    exact = logits.detach().double().numpy()
    exact = exact - exact.max(axis=-1, keepdims=True)
    return torch.from_numpy(exact - np.log(np.exp(exact).sum(axis=-1, keepdims=True)))


def exp(log_probs: Float[Tensor, "*row d_vocab"]) -> Float[Tensor, "*row d_vocab"]:
    """Return probabilities, on one thread as well."""
    return torch.from_numpy(np.exp(log_probs.numpy()))


def candidates(
    own_p: Float[Tensor, "row d_vocab"], log_probs: Float[Tensor, "row d_vocab"], n: int
) -> list[tuple[Candidate, ...]]:
    """Return the n tokens of each row that the model itself finds most likely, the likeliest first."""
    best = own_p.topk(min(n, own_p.shape[1]))
    under_rules = log_probs.gather(1, best.indices).exp()
    rows = zip(best.indices.tolist(), under_rules.tolist(), best.values.tolist(), strict=True)
    return [tuple(Candidate(*one) for one in zip(*row, strict=True)) for row in rows]


def _pick(
    log_probs: Float[Tensor, "row d_vocab"], settings: SampleConfig, generators: list[torch.Generator]
) -> list[tuple[int, float]]:
    """Draw a token of each row with its own generator; return them with their log-probabilities."""
    if settings.temperature == 0:
        tokens = log_probs.argmax(dim=-1, keepdim=True)
    else:
        rows = zip(exp(log_probs), generators, strict=True)
        tokens = torch.stack([torch.multinomial(row, 1, generator=own) for row, own in rows])
    chosen = log_probs.gather(1, tokens)
    return list(zip(tokens.flatten().tolist(), chosen.flatten().tolist(), strict=True))


def draw(
    logits: Float[Tensor, " d_vocab"], settings: SampleConfig, generator: torch.Generator
) -> tuple[int, float]:
    """Draw one token by the settings; return it with its log-probability under them."""
    log_probs = log_probabilities(reshape_logits(logits, settings))
    return _pick(log_probs[None], settings, [generator])[0]


def warm_up() -> None:
    """Draw a few tokens from a tiny model: what is compiled for that, or read, no prompt waits for then."""
    tiny = Transformer(ModelConfig(d_vocab=2, n_ctx=4, d_model=2, n_heads=1, n_layers=1))
    for _ in generate(tiny.eval(), [0], SampleConfig(max_tokens=3)):
        pass
