"""The models, each readable on its own."""

from playground.models.transformer import Transformer

__all__ = ["Transformer"]
