"""The worker of a run: where training meets the run folder.

It reads config.json and control.json, and writes everything else. Whatever happens, status.json says
so in one sentence, and what was written before stays.

    process.py      work(run): from a folder to an exit status
    worker.py       Worker: one run, from its text to its last step
    preparing.py    what comes before the first step: tokens, a complete config, the machine
    notes.py        Notes: records, events, status and loggers
    saving.py       Saver: checkpoints, and going on from one
    requests.py     Requests: what is asked between two steps
"""

from playground.worker.process import DONE, FAILED, STOPPED, refuse_if_busy, work
from playground.worker.worker import Worker

__all__ = ["DONE", "FAILED", "STOPPED", "Worker", "refuse_if_busy", "work"]
