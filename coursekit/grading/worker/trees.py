"""Removes what a child left, however it is nested."""

import os
import shutil
import subprocess


def remove_tree(folder: str) -> None:
    """Removes the folder as far as it can; never raises, and never descends by recursion without end."""
    try:
        shutil.rmtree(folder, ignore_errors=True)
    except RecursionError:  # folders in folders in folders: rm goes down them step by step
        subprocess.run(["rm", "-rf", "--", os.fspath(folder)], check=False, capture_output=True)
