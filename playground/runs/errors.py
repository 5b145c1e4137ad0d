"""What goes wrong with runs."""


class RunError(Exception):
    """Something that can't be done with a run; the message is one sentence for the person."""
