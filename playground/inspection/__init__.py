"""Looking inside a model: what it expects at each token, where its heads look, what each layer would say.

All of it is computed on a text by the model's own forward pass; nothing is kept in the model.
"""

from __future__ import annotations

from playground.inspection.heads import HeadScores, head_scores, text_head_scores
from playground.inspection.lens import LogitLens, logit_lens
from playground.inspection.padding import PaddedBatch, read_padded
from playground.inspection.patterns import attention_patterns
from playground.inspection.reading import InspectionError
from playground.inspection.scores import TokenScores, score_tokens
from playground.inspection.totals import Totals, ngram_losses, predicted_bytes, strongest, totals
from playground.inspection.windows import Window, windows

__all__ = [
    "HeadScores", "InspectionError", "LogitLens", "PaddedBatch", "TokenScores", "Totals", "Window",
    "attention_patterns", "head_scores", "logit_lens", "ngram_losses", "predicted_bytes", "read_padded",
    "score_tokens", "strongest", "text_head_scores", "totals", "windows",
]  # fmt: skip
