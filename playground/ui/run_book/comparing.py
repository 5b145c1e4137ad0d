"""Selected runs side by side: a table, the best first, and all settings in which they differ."""

from __future__ import annotations

from typing import Any

from playground import runs
from playground.config_difference import config_difference, setting_words
from playground.run_summary import summary_of
from playground.sweeps import table_of

MAX_COMPARED = 36


def compare(request: Any) -> dict[str, Any]:
    """Return {"settings", "rows", "differences"} of the runs named in {"runs"}, or of a {"group"}."""
    root = runs.runs_root()
    request = request if isinstance(request, dict) else {}
    names = request.get("runs")
    if isinstance(request.get("group"), str):
        found = runs.group_runs(root, request["group"])
    else:
        wanted = {str(name) for name in names} if isinstance(names, list) else set()
        found = [run for run in runs.list_runs(root) if run.name in wanted]
    summaries = [summary_of(run) for run in found[:MAX_COMPARED]]
    table = table_of(summaries)
    known = [summary for summary, _ in table.rows]
    differences = config_difference([summary.config for summary in known if summary.config])
    return {
        "settings": table.settings,
        "rows": [
            {
                "name": summary.name, "title": summary.title, "state": summary.state, "values": values,
                "best": summary.best_val_loss, "bpb": summary.bits_per_byte, "gap": summary.above_ngram,
                "speed": summary.tokens_per_s, "seconds": summary.elapsed_s,
            }
            for summary, values in table.rows
        ],
        "differences": [
            {"name": f"{d.part}.{d.name}", "values": [setting_words(value) for value in d.values]}
            for d in differences
        ],
    }  # fmt: skip
