"""What a child wrote: is it too much, and away with it, however it is nested."""

import os
import shutil
import subprocess


def has_more_than(folder: str, size: int, files: int) -> bool:
    """Whether the files under the folder are larger than `size` bytes or more than `files`; stops looking then."""
    waiting = [folder]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    files -= 1
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        size -= entry.stat(follow_symlinks=False).st_blocks * 512
                    if files < 0 or size < 0:
                        return True
        except OSError:  # it went away while being looked at
            continue
    return False


def remove_tree(folder: str) -> None:
    """Removes the folder as far as it can; never raises, and never descends by recursion without end."""
    try:
        shutil.rmtree(folder, ignore_errors=True)
    except RecursionError:  # folders in folders in folders: rm goes down them step by step
        subprocess.run(["rm", "-rf", "--", os.fspath(folder)], check=False, capture_output=True)
