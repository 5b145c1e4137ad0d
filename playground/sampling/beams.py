"""Beam search: the likeliest text that can be found by following several beginnings at once."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from playground.config import SampleConfig
from playground.models import Model
from playground.sampling.generate import Drawn, Reader
from playground.sampling.rules import repetition_penalty


@dataclass(frozen=True)
class Beam:
    """A beginning of a text: what was chosen so far, and the sum of its log-probabilities."""

    chosen: tuple[Drawn, ...]
    log_prob: float

    @property
    def score(self) -> float:
        """The mean log-probability of its tokens: without it, the shortest text would always win."""
        return self.log_prob / len(self.chosen)


def beam_search(
    model: Model, tokens: list[int], settings: SampleConfig, *, end_id: int | None = None
) -> list[Drawn]:
    """Return the text after `tokens` with the highest mean log-probability among those that were followed.

    settings.beams beginnings are kept at each step, and a text that reaches end_id is set aside. Temperature,
    top-k, top-p, min-p and the seed have no say: nothing is drawn. Raises ConfigError for an empty prompt.
    """
    reader = Reader(model, [tokens])
    beams, done = [Beam((), 0.0)], list[Beam]()
    for _ in range(settings.max_tokens):
        log_probs = _log_probs(reader, beams, tokens, settings)
        beams, parents = _best(beams, log_probs, settings.beams, end_id, done, reader.slid)
        if not beams or _settled(beams, done, settings):
            break
        reader.pick(parents)
        reader.append([beam.chosen[-1].token for beam in beams])
    return list(max([*done, *beams], key=lambda beam: beam.score).chosen)


def _log_probs(reader: Reader, beams: list[Beam], tokens: list[int], settings: SampleConfig) -> Tensor:
    """Return the log-probability of each token after each beam: (beam d_vocab)."""
    log_probs = reader.logits().double().log_softmax(dim=-1)
    if settings.repetition_penalty != 1:
        seen = torch.tensor([[*tokens, *(one.token for one in beam.chosen)] for beam in beams])
        log_probs = repetition_penalty(log_probs, seen, settings.repetition_penalty)
    return log_probs


def _best(
    beams: list[Beam], log_probs: Tensor, n: int, end_id: int | None, done: list[Beam], slid: bool
) -> tuple[list[Beam], list[int]]:
    """Return the n best beams by one token longer and the beams they come from; ended ones go to `done`.

    Twice as many are looked at, so that n are left if some end (as Hugging Face's generate does); an ended
    one counts only if it is among the n best.
    """
    d_vocab = log_probs.shape[1]
    totals = log_probs + torch.tensor([[beam.log_prob] for beam in beams], dtype=torch.float64)
    best = totals.flatten().topk(min(2 * n, totals.numel()))
    kept, parents = list[Beam](), list[int]()
    for rank, (total, place) in enumerate(zip(best.values.tolist(), best.indices.tolist(), strict=True)):
        parent, token = divmod(place, d_vocab)
        drawn = Drawn(token, float(log_probs[parent, token]), slid)
        longer = Beam((*beams[parent].chosen, drawn), total)
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
