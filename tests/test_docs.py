"""The documentation: links lead somewhere, examples are of their language, docstring examples run."""

import ast
import doctest
import importlib
import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

import coursekit

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")])
WITH_EXAMPLES = ("coursekit.layers", "coursekit.text", "coursekit.models", "coursekit.generation")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files(page):
    links = re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link]
    missing = [link for link in local if not (page.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_code_blocks_are_what_they_say(page):
    text = page.read_text(encoding="utf-8")
    for language, block in re.findall(r"```(\w+)\n(.*?)```", text, re.S):
        if language == "json":
            assert json.loads(block)
        elif language == "python":
            assert ast.parse(block)
        elif language == "yaml":
            assert yaml.safe_load(block)
        elif language == "bash":
            checked = subprocess.run(
                ["bash", "-n"], check=False, input=block, text=True, capture_output=True
            )
            assert checked.returncode == 0, checked.stderr
    assert text.count("```") % 2 == 0


def _modules():
    """Module names from file names: nothing is imported while tests are collected."""
    for package in WITH_EXAMPLES:
        for file in sorted((ROOT / package.replace(".", "/")).rglob("*.py")):
            if ">>>" in file.read_text(encoding="utf-8"):
                yield ".".join(file.relative_to(ROOT).with_suffix("").parts)


@pytest.mark.parametrize("name", _modules())
def test_examples_in_docstrings_run(name):
    module = importlib.import_module(name)
    result = doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert result.failed == 0


def test_the_version_is_said_once():
    assert coursekit.__version__ in (ROOT / "setup.py").read_text(encoding="utf-8")
    assert f"## {coursekit.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
