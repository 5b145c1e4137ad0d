"""The monitor: the state of a run, its curves beside those of others, and what it writes, live."""

from playground.ui.monitor.component import Monitor

__all__ = ["Monitor"]
