"""Start the Transformer Playground: `python app.py`, or as a Hugging Face Space.

`python app.py --public` is for strangers; `--help` names every limit.
"""

import sys

from playground.cli.app_flags import follow_flags
from playground.ui.page import build_page, serve

if __name__ == "__main__":
    follow_flags(sys.argv[1:])
    serve(build_page())
