"""The secret of a class run: from it follow the inputs that each submission is judged with.

    variant = HMAC(secret, unit, submission's digest) mod VARIANTS
    seed    = HMAC(secret, unit, variant)

So nobody without the secret knows the inputs, the same submission always meets the same ones, and the
reference is run for a few variants of the checks rather than once for every student.
"""

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from coursekit.errors import UserError

VARIANTS = 4
_LEAST_BYTES = 16


class Secret:
    """The bytes of a seed file."""

    def __init__(self, content: bytes):
        self._content = content

    @classmethod
    def read(cls, path: Path) -> "Secret":
        """From a file that exists.

        Raises:
            UserError: if it cannot be read, or holds too little to be a secret.
        """
        try:
            content = path.read_bytes().strip()
        except OSError as error:
            raise UserError(f"The seed file {path} cannot be read: {error.strerror}.") from error
        if len(content) < _LEAST_BYTES:
            raise UserError(
                f"The seed file {path} holds {len(content)} bytes; a secret has {_LEAST_BYTES} or more. "
                "Give a path that does not exist, and one is made there."
            )
        return cls(content)

    @classmethod
    def create(cls, path: Path) -> "Secret":
        """A fresh one, in a file that only its owner may read; never over an existing file."""
        content = secrets.token_hex(32).encode()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise UserError(f"The seed file {path} cannot be made: {error.strerror}.") from error
        with os.fdopen(handle, "wb") as file:
            file.write(content + b"\n")
        return cls(content)

    def seed(self, unit: str, digest: str) -> int:
        """The seed that a submission of this digest meets in a unit."""
        variant = int.from_bytes(self._derive("variant", unit, digest)[:8], "big") % VARIANTS
        return int.from_bytes(self._derive("seed", unit, str(variant))[:7], "big")

    def fingerprint(self) -> str:
        """Tells secrets apart and gives nothing of them away."""
        return self._derive("fingerprint").hex()[:16]

    def _derive(self, *words: str) -> bytes:
        return hmac.digest(self._content, "\0".join(words).encode(), hashlib.sha256)
