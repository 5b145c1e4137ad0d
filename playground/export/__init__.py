"""A run as a Hugging Face folder that transformers opens, as a zip of it, and on the Hub."""

from __future__ import annotations

from playground.export.folder import ExportError, export_run, zip_folder
from playground.export.push import PushError, push_folder

__all__ = ["ExportError", "PushError", "export_run", "push_folder", "zip_folder"]
