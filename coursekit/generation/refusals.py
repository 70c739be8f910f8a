"""What generation refuses, in one line."""

from coursekit.errors import UserError


class GenerationError(UserError, ValueError):
    """A prompt or a setting with which no text can be written."""
