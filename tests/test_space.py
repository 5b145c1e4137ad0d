"""The app on a Hugging Face Space: what is sent there, and that it works in a place laid out as one."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.space_layout import ROOT, can_be_laid_out, files_of_the_app, inside, laid_out, space_environment

LARGEST_FILE = 10 * 2**20
"""Larger ones must be sent another way."""


def front_matter() -> dict[str, str]:
    head = (ROOT / "README.md").read_text(encoding="utf-8").split("---")[1]
    return {key: value.strip().strip('"') for key, value in re.findall(r"^(\w+): (.*)$", head, re.MULTILINE)}


def test_the_front_matter_names_what_is_there():
    head, needed = front_matter(), (ROOT / "requirements.txt").read_text()
    assert head["sdk"] == "gradio"
    assert f"gradio=={head['sdk_version']}\n" in needed
    assert (ROOT / head["app_file"]).is_file()
    assert head["python_version"] in ("3.10.13", "3.12.12"), "the versions of the free tier"
    assert len(head["short_description"]) <= 60


def test_nothing_that_is_sent_is_too_large():
    large = [str(name) for name in files_of_the_app() if (ROOT / name).stat().st_size > LARGEST_FILE]
    assert not large


def test_it_works_as_a_user_without_rights_beside_read_only_code_and_without_a_network():
    if not can_be_laid_out():
        pytest.skip("this system lets no process have a network and a user of its own")
    tests = [sys.executable, "-m", "pytest", "-q", "-x", "-rp", "-p", "no:cacheprovider", "tests/in_space.py"]
    with laid_out() as folder:
        env = space_environment(folder)
        result = subprocess.run(inside(tests), cwd=ROOT, env=env, capture_output=True, text=True, timeout=280)
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-3000:]
    assert result.stdout.count("PASSED") == 3
