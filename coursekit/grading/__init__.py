"""Grading: student code in a process of its own, judged from another.

For writing checks: `expect`, `normal`, and the marks `points`, `needs`, `time_limit`.
"""

from coursekit.grading import expect
from coursekit.grading.marks import needs, normal, points, time_limit

__all__ = ["expect", "needs", "normal", "points", "time_limit"]
