"""What each setting does, in the words that stand under its field: `--help` and the page say the same."""

from __future__ import annotations

import ast
import inspect
import itertools
from functools import cache


@cache
def field_docs(config: type) -> dict[str, str]:
    """Return the text under each field of a config class, on one line."""
    tree = ast.parse(inspect.getsource(config)).body[0]
    assert isinstance(tree, ast.ClassDef)
    return {
        field.target.id: " ".join(text.value.value.split())
        for field, text in itertools.pairwise(tree.body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }
