"""What goes wrong with runs."""


class RunError(Exception):
    """Something that can't be done with a run; the message is one sentence for the person."""


class NoCheckpointYetError(RunError):
    """A run that has not saved anything so far."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} has no checkpoint yet: wait for its first one.")
