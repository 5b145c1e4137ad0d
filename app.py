"""Start the Transformer Playground: `python app.py`, or as a Hugging Face Space.

`python app.py --public` is for strangers; `--help` names every limit.
"""

import sys

from playground.cli.app_flags import check_port, follow_flags

if __name__ == "__main__":
    follow_flags(sys.argv[1:])
    check_port()
    from playground.ui.page import build_page, serve  # takes seconds: what can't be is said before

    serve(build_page())
