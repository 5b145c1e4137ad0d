"""Beam search: the likeliest text that can be found by following several beginnings at once."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from playground.config import SampleConfig
from playground.models import Model
from playground.sampling.generate import Candidate, Drawn, Reader, candidates, exp, log_probabilities
from playground.sampling.rules import repetition_penalty

LogProbs = Float[Tensor, "beam d_vocab"]


@dataclass(frozen=True)
class Beam:
    """A beginning of a text: what was chosen so far, and the sum of its log-probabilities."""

    chosen: tuple[Drawn, ...]
    log_prob: float

    @property
    def score(self) -> float:
        """The mean log-probability of its tokens: without it, the shortest text would always win."""
        return self.log_prob / len(self.chosen)


@dataclass(frozen=True)
class Look:
    """What is expected after each beam: by the model itself, and after the repetition penalty."""

    own: LogProbs
    log_probs: LogProbs
    n_likeliest: int
    slid: bool

    @cached_property
    def likeliest(self) -> list[tuple[Candidate, ...]]:
        """The candidates after each beam."""
        return candidates(exp(self.own), self.log_probs, self.n_likeliest)

    def drawn(self, beam: int, token: int) -> Drawn:
        """Return a token as it is chosen after a beam."""
        log_prob = float(self.log_probs[beam, token])
        if not self.n_likeliest:
            return Drawn(token, log_prob, self.slid)
        own_p = math.exp(float(self.own[beam, token]))
        return Drawn(token, log_prob, self.slid, own_p, self.likeliest[beam])


def beam_search(
    model: Model,
    tokens: list[int],
    settings: SampleConfig,
    *,
    end_id: int | None = None,
    n_likeliest: int = 0,
) -> list[Drawn]:
    """Return the text after `tokens` with the highest mean log-probability among those that were followed.

    settings.beams beginnings are kept at each step, and a text that reaches end_id is set aside. Temperature,
    top-k, top-p, min-p and the seed have no say: nothing is drawn. n_likeliest candidates are told for each
    place. Raises ConfigError for an empty prompt.
    """
    *_, best = follow_beams(model, tokens, settings, end_id=end_id, n_likeliest=n_likeliest)
    return best


def follow_beams(
    model: Model,
    tokens: list[int],
    settings: SampleConfig,
    *,
    end_id: int | None = None,
    n_likeliest: int = 0,
) -> Iterator[list[Drawn]]:
    """Yield the best text so far after each step of a beam search; the last one is what was searched for."""
    reader = Reader(model, [tokens])
    beams, done = [Beam((), 0.0)], list[Beam]()
    for _ in range(settings.max_tokens):
        own = log_probabilities(reader.logits())
        look = Look(own, _penalised(own, beams, tokens, settings), n_likeliest, reader.slid)
        beams, parents = _best(beams, look, settings.beams, end_id, done)
        yield list(max([*done, *beams], key=lambda beam: beam.score).chosen)
        if not beams or _settled(beams, done, settings):
            return
        reader.pick(parents)
        reader.append([beam.chosen[-1].token for beam in beams])


def _penalised(own: LogProbs, beams: list[Beam], tokens: list[int], settings: SampleConfig) -> LogProbs:
    """Return the log-probabilities after the repetition penalty, the only rule that beam search has."""
    if settings.repetition_penalty == 1:
        return own
    seen = torch.tensor([[*tokens, *(one.token for one in beam.chosen)] for beam in beams])
    return repetition_penalty(own, seen, settings.repetition_penalty)


def _best(
    beams: list[Beam], look: Look, n: int, end_id: int | None, done: list[Beam]
) -> tuple[list[Beam], list[int]]:
    """Return the n best beams by one token longer and the beams they come from; ended ones go to `done`.

    Twice as many are looked at, so that n are left if some end (as Hugging Face's generate does); an ended
    one counts only if it is among the n best.
    """
    d_vocab = look.log_probs.shape[1]
    totals = look.log_probs + torch.tensor([[beam.log_prob] for beam in beams], dtype=torch.float64)
    best = totals.flatten().topk(min(2 * n, totals.numel()))
    kept, parents = list[Beam](), list[int]()
    for rank, (total, place) in enumerate(zip(best.values.tolist(), best.indices.tolist(), strict=True)):
        parent, token = divmod(place, d_vocab)
        longer = Beam((*beams[parent].chosen, look.drawn(parent, token)), total)
        if token == end_id:
            if rank < n:
                done.append(longer)
        elif len(kept) < n:
            kept.append(longer)
            parents.append(parent)
    return kept, parents


def _settled(beams: list[Beam], done: list[Beam], settings: SampleConfig) -> bool:
    """Whether enough texts have ended, and none under way can still beat the worst of the best."""
    if len(done) < settings.beams:
        return False
    worst = sorted((beam.score for beam in done), reverse=True)[settings.beams - 1]
    return worst >= max(beam.score for beam in beams)
