"""What kept a pretrained model from being loaded, in one sentence."""

from __future__ import annotations


class PretrainedError(ValueError):
    """A pretrained model that can't be had or used; the message is one sentence."""
