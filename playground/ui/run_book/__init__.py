"""The run book: all runs as a list, what can be done with them, and sweeps and experiments to launch."""

from playground.ui.run_book.component import RunBook

__all__ = ["RunBook"]
