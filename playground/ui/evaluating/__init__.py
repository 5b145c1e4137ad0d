"""Evaluate and export: what a run can do, measured, and the run as others open it."""

from pathlib import Path

from playground.ui.evaluating.panel import build_evaluating

__all__ = ["EVALUATING_CSS", "build_evaluating"]

EVALUATING_CSS = (Path(__file__).parent.parent / "static" / "evaluating.css").read_text(encoding="utf-8")
