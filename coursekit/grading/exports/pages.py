"""Pages from templates: one file each, nothing fetched, nothing run but our own script.

Autoescape is on, so every value is text unless it is ours and marked so. The Content-Security-Policy names
our style and script by digest: should markup of a submission ever get through, a browser still runs none of it.
"""

import base64
import hashlib
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from coursekit.grading.exports.plain_text import one_line, showable
from coursekit.grading.verdicts import Verdict

TEMPLATES = Path(__file__).parent / "templates"
OUTPUT_SHOWN = 4000  # characters, the last ones

SIGNS: dict[Verdict, str] = {
    "passed": "✓",
    "failed": "✗",
    "error": "!",
    "timeout": "…",
    "out-of-memory": "▲",
    "crashed": "↯",
    "forbidden": "⊘",
    "blocked": "·",
    "grader-fault": "?",
}
TONES: dict[Verdict, str] = {
    "passed": "good",
    "failed": "bad",
    "error": "bad",
    "timeout": "bad",
    "out-of-memory": "bad",
    "crashed": "bad",
    "forbidden": "bad",
    "blocked": "none",
    "grader-fault": "warn",
}
WORDS: dict[Verdict, str] = {
    "passed": "passed",
    "failed": "not right yet",
    "error": "error",
    "timeout": "took too long",
    "out-of-memory": "needed too much memory",
    "crashed": "the process ended",
    "forbidden": "not allowed here",
    "blocked": "waits for another check",
    "grader-fault": "our fault, tell your teacher",
}
MEANINGS: dict[Verdict, str] = {
    "passed": "a complete right answer; the only one with points",
    "failed": "an answer, and it is wrong; also a stub that is not written yet",
    "error": "the code raised an exception, could not be loaded, or answered in no readable form",
    "timeout": "no answer within the time limit",
    "out-of-memory": "more memory than allowed",
    "crashed": "the process ended",
    "forbidden": "used what the unit asks to write, or tried what no submission may",
    "blocked": "not run, because a check that it needs did not pass",
    "grader-fault": "a fault of the grader, not the student’s: grade it again",
}


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["showable"] = showable
    environment.filters["one_line"] = one_line
    environment.filters["plain"] = lambda number: f"{number:g}"
    environment.filters["tail"] = lambda text: showable(text.strip()[-OUTPUT_SHOWN:], OUTPUT_SHOWN)
    environment.globals.update(signs=SIGNS, tones=TONES, words=WORDS, meanings=MEANINGS)
    return environment


@cache
def _trusted(name: str) -> Markup:
    return Markup((TEMPLATES / name).read_text("utf-8"))


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def render(template: str, script: str | None = None, **values: object) -> str:
    """A whole page. `script` is the name of one of our own scripts."""
    style, code = _trusted("page.css"), _trusted(script) if script else Markup("")
    policy = [
        "default-src 'none'",
        f"style-src '{_digest(style)}'",
        f"script-src '{_digest(code)}'" if script else "script-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    page = _environment().get_template(template)
    return page.render(policy=Markup("; ".join(policy)), style=style, script=code, **values)
