"""A dropdown whose entries change while the page is open."""

from __future__ import annotations

from typing import Any

import gradio as gr


class LivingList(gr.Dropdown):
    """Takes what a page sends as it is, for whoever uses it to look up.

    Gradio refuses what is not among the entries that it has sent to this page, and after a restart of the app
    it remembers none of them, while the page is still open.
    """

    is_template = True

    def preprocess(self, payload: Any) -> Any:
        """Return a name or number, or a list of them; None for anything else."""
        if isinstance(payload, list):
            return [each for each in payload if isinstance(each, (str, int, float))]
        return payload if isinstance(payload, (str, int, float)) else None
