"""An exported folder on the Hub, with the token of the person who asks; it is used once and never kept."""

from __future__ import annotations

import re
from pathlib import Path

from playground.hub_errors import UNREACHABLE, first_line, kinds_of

NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")


class PushError(ValueError):
    """A folder that can't be put on the Hub; the message is one sentence, and never has the token in it."""


def push_folder(folder: Path, name: str, token: str, *, private: bool = True) -> str:
    """Upload a folder as the model USER/NAME, made if it is not there, and return its address.

    The token goes to the Hub alone: it is neither kept nor logged. Raises PushError.
    """
    if not NAME.fullmatch(name):
        raise PushError(f"The name on the Hub must be USER/NAME, but it is {name!r}.")
    if not token.strip():
        raise PushError("There is no token: make one that may write in the settings of your Hub account.")
    from huggingface_hub import HfApi

    api = HfApi(token=token.strip())
    try:
        url = api.create_repo(name, private=private, exist_ok=True, repo_type="model")
        api.upload_folder(
            repo_id=name, folder_path=str(folder), commit_message="Exported from the Transformer Playground"
        )
    except Exception as error:  # noqa: BLE001 - the library raises many kinds, and none may show the token
        raise PushError(_why_not(name, token.strip(), error)) from None
    return str(url)


def _why_not(name: str, token: str, error: Exception) -> str:
    kinds, status = kinds_of(error), getattr(getattr(error, "response", None), "status_code", None)
    if kinds & UNREACHABLE:
        return "The Hugging Face Hub can't be reached: check the connection, and push again."
    if status == 401:
        return "The Hub does not know this token: copy it again, from the settings of your account."
    if status == 403:
        return f"This token may not write to {name}: make one with the right to write, for that account."
    return f"{name} can't be pushed: {first_line(error).replace(token, '…')}."
