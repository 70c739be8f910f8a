"""Headless Chromium, where this machine has it: pages as a reader's browser sees them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


class Browser:
    """Opens files, each time with a profile of its own."""

    def __init__(self, program: str, folder: Path):
        self._program = program
        self._folder = folder
        self._opened = 0

    def dom(self, page: Path, *options: str) -> str:
        """The document as it is when its scripts have run."""
        return self._open(page, "--dump-dom", "--virtual-time-budget=2000", *options)

    def screenshot(self, page: Path, target: Path, width: int, height: int, *options: str) -> Path:
        """A picture of the top of the page."""
        self._open(page, f"--window-size={width},{height}", f"--screenshot={target}", *options)
        return target

    def _open(self, page: Path, *options: str) -> str:
        self._opened += 1
        profile = self._folder / f"profile{self._opened}"
        done = subprocess.run(
            [self._program, *OPTIONS, f"--user-data-dir={profile}", *options, page.as_uri()],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "HOME": str(self._folder)},
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout


def find_browser(folder: Path) -> Browser:
    """The browser, or a skipped test that says why."""
    for name in NAMES:
        program = shutil.which(name)
        if program:
            return Browser(program, folder)
    pytest.skip("no Chromium on this machine: apt-get install chromium")
