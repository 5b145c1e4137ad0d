"""Imports go down only, as playground/README.md draws it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "playground"
STANDARD = set(sys.stdlib_module_names)
CORE = {"numpy", "torch", "jaxtyping", "safetensors"}
LAYERS = {  # module: (layer, what it may import besides the standard library and lower layers)
    **dict.fromkeys(
        ["config", "presets", "files", "processes", "runs", "crossings", "locks", "cache", "pace", "turns"],
        (0, set()),
    ),
    **dict.fromkeys(["status_file", "schedules", "accounting", "curve_notes"], (0, set())),
    **dict.fromkeys(["config_difference", "run_summary", "run_archive"], (0, set())),
    **dict.fromkeys(["reproduce", "sweeps", "experiments"], (1, set())),
    **dict.fromkeys(
        [
            "tokenizers",
            "hub_errors",
            "sources",
            "answers",
            "run_start",
            "long_documents",
            "glance",
            "baselines",
            "thinning",
            "prepare",
            "counting",
            "ngrams",
            "ngram_counts",
            "mixing",
            "run_ngrams",
            "run_text",
            "ngram_tables",
            "position_buckets",
            "splits",
            "prepared",
            "token_files",
            "text_facts",
            "documents",
            "parroting",
        ],
        (1, {"numpy", "tokenizers", "transformers", "huggingface_hub"}),
    ),
    **dict.fromkeys(
        [
            "dataset",
            "models",
            "optim",
            "muon",
            "devices",
            "linear_loss",
            "compiled_blocks",
            "knowledge",
            "checkpoint",
            "sampling",
            "completion",
            "loading",
            "text_stream",
            "inspection",
        ],
        (2, {*CORE, "transformers"}),
    ),
    "corpora": (1, {"numpy", "datasets", "huggingface_hub", "pyarrow"}),
    **dict.fromkeys(["compiling", "compiled_counts", "compiled_runs"], (1, {"numpy", "numba"})),
    **dict.fromkeys(["lr_range", "training", "calibration", "compile_choice"], (3, CORE)),
    "measure": (3, CORE),
    "probe": (3, CORE),
    "export": (3, {*CORE, "tokenizers", "transformers", "huggingface_hub"}),
    "evaluation": (3, {*CORE, "lm_eval"}),  # lm_eval only if it is installed
    "pretrained": (3, {*CORE, "transformers", "huggingface_hub", "tqdm"}),
    **dict.fromkeys(["worker", "cli", "__main__"], (4, {*CORE, "tyro", "tqdm", "transformers"})),
    "bench": (4, {*CORE, "tqdm", "transformers", "peft"}),
    "ui": (5, {"gradio", "spaces", "numpy", "orjson", "pyarrow", "starlette", "torch"}),
    **dict.fromkeys(
        ["memory", "progress", "control", "records", "patience", "limits", "admission", "run_bounds"],
        (0, set()),
    ),
    **dict.fromkeys(["checkpoint_keeper", "distributed", "endings"], (2, CORE)),
    **dict.fromkeys(["job", "follower"], (3, CORE)),
    "lora": (2, {*CORE, "peft"}),  # which is not there unless installed
    "loggers": (3, {*CORE, "wandb", "trackio", "pandas"}),  # none of the three is there unless installed
    "__init__": (0, set()),
}
ALLOWED_UP = {("bench", "ui")}  # it measures the page


def imports(path):
    """Return the modules that a file imports, at its head or within its functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            deeper = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from deeper if node.module == "playground" else [node.module]


def part(path):
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_down_only(path):
    own = part(path)
    layer, outside = LAYERS[own]
    for name in imports(path):
        first, _, rest = name.partition(".")
        if first == "playground":
            other = rest.split(".")[0]
            assert LAYERS[other][0] <= layer or (own, other) in ALLOWED_UP, f"{own} must not import {other}"
            assert not (layer == 5 and other in ("training", "worker")), "the page never trains"
        else:
            assert first in STANDARD | outside, f"{own} must not import {first}"


def test_the_core_works_without_gradio_and_the_page_starts_without_torch():
    for module, absent in (("playground.worker", "gradio"), ("app", "torch")):
        code = f"import sys, {module}; print({absent!r} in sys.modules)"
        result = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT.parent
        )
        assert result.stdout.strip() == "False", f"{module} imports {absent}"
