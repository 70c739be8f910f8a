"""A class to try reports and exports on: made here, with everything that a real one can hold."""

import random

from coursekit.grading.class_results import CheckTime, ClassResults, StudentResult
from coursekit.grading.verdicts import CheckResult, UnitResult, Verdict

UNITS = ("ex01_recurrence", "ex02_lstm", "ex03_gru", "ex07_attention")
ALL_UNITS = (
    *UNITS[:3],
    *("ex04_translation", "ex05_objective", "ex06_positions", "ex07_attention", "ex08_multihead"),
    *("ex09_decoder_block", "ex10_transformer", "ex11_training", "ex12_generation"),
)
CHECKS = (("test_step", 2), ("test_padding", 3), ("test_gradient", 1), ("test_last_state", 4))
VERDICTS: tuple[Verdict, ...] = (
    *("passed", "failed", "error", "timeout", "out-of-memory"),
    *("crashed", "forbidden", "blocked", "grader-fault"),
)
SCRIPT = "<script>document.title='OWNED'</script>"
HOSTILE_NAMES = (
    SCRIPT,
    '"><img src=x onerror="document.title=\'OWNED\'">',
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\tTab first",
    "\u202egnp.\u202c right to left \u05d0\u05d1\u05d2",
    "N" + "a" * 400 + "me",
    "{{ 7 * 7 }} {% raw %} ]]> &amp;",
    'quote" comma, semi; new\nline\r\x00\x1b[31m\ufffe',
    "O'Brien, Séan 🎓",
)
MESSAGES = (
    "The output should have shape (2, 3); received shape (2, 1).",
    "ex02_lstm.py, line 4: ValueError: " + SCRIPT,
    "]]> <b>bold</b> \x00\x08\x1b[0m \ud7ff \ufffe",
    '=HYPERLINK("http://example.invalid")',
    "many\nlines\n" * 5,
)


def check(
    name: str, verdict: Verdict, worth: int, message: str = "", mistake: str | None = None
) -> CheckResult:
    passed = verdict == "passed"
    title = f"What {name} looks at"
    return CheckResult(name, verdict, worth if passed else 0, worth, message, mistake, title, 0.25)


def unit(name: str, verdicts: list[Verdict], draw: random.Random, output: str = "") -> UnitResult:
    checks = []
    for (check_name, worth), verdict in zip(CHECKS, verdicts, strict=True):
        message, mistake = "", None
        if verdict == "blocked":
            message = "First fix: What test_step looks at"
        elif verdict != "passed":
            message = draw.choice(MESSAGES)
            if verdict == "failed" and draw.random() < 0.7:
                mistake = draw.choice(("no_bias", "gates_in_the_order_i_f_o_c"))
                message = f"The bias is not added. ({message})"
        checks.append(check(check_name, verdict, worth, message, mistake))
    return UnitResult(name, sum(c.points for c in checks), 10, checks, output)


def missing(name: str) -> UnitResult:
    """The unit of somebody who did not hand it in."""
    told = f"{name}.py is missing from the hand-in."
    return UnitResult(name, 0, 10, [check(c, "error", worth, told) for c, worth in CHECKS])


def student(number: int, units: list[UnitResult], name: str = "", **more: object) -> StudentResult:
    return StudentResult(
        f"student{number:03d}",
        units,
        sum(u.points for u in units),
        sum(u.max_points for u in units),
        name or f"Student No {number}",
        **more,  # type: ignore[arg-type]
    )


def sample_class(
    size: int = 24,
    units: tuple[str, ...] = UNITS,
    lms: str = "",
    hostile: bool = True,
    seed: int = 1,
) -> ClassResults:
    """A class: one whole, one that handed in nothing, every verdict, hostile names and messages, flags, notes."""
    draw = random.Random(seed)
    students = []
    for number in range(size):
        more: dict[str, object] = {"lms": lms, "lms_id": str(1000 + number) if lms else ""}
        if number == 0:
            made = [unit(name, ["passed"] * 4, draw) for name in units]
        elif number == 1:
            made = [missing(name) for name in units]
            more["notes"] = [
                "ex02_lstm.py was refused: it is a link.",
                f"{SCRIPT}.zip was ignored.",
            ]
        else:
            ability = draw.random()
            made = []
            for place, name in enumerate(units):
                verdicts: list[Verdict] = [
                    "passed"
                    if draw.random() < ability
                    else VERDICTS[1 + (number + place + k) % (len(VERDICTS) - 1)]
                    for k in range(4)
                ]
                printed = f"printed {SCRIPT}\n" * 3 if hostile and place == 0 else ""
                made.append(unit(name, verdicts, draw, printed))
        if number % 7 == 3:
            more["late"] = True
        if number % 9 == 4:
            more["flags"] = [
                f"Passes under the public seed only: {SCRIPT if hostile else 'ex02_lstm'}."
            ]
        name = ""
        if hostile and 2 <= number < 2 + len(HOSTILE_NAMES):
            name = HOSTILE_NAMES[number - 2]
        students.append(student(number, made, name, **more))
    return ClassResults(
        students, list(units), "3f9a1c" * 10, "strict" if size % 2 else "basic", "no Landlock here"
    )


def sample_times(results: ClassResults) -> list[CheckTime]:
    draw = random.Random(2)
    return [
        CheckTime(s.student, u.unit, c.name, round(draw.expovariate(4), 3))
        for s in results.students
        for u in s.units
        for c in u.checks
        if c.verdict != "blocked"
    ]
