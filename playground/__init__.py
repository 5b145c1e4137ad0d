"""Train a small language model and watch it learn; see playground/README.md for the map of the parts."""

import os

for _silenced in ("HF_HUB_DISABLE_TELEMETRY", "DO_NOT_TRACK"):
    os.environ.setdefault(_silenced, "1")  # nobody is told how it is used; libraries read this when imported
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
