"""The one exception that reaches a user as a single line."""


class UserError(Exception):
    """What a user did cannot work: the message says what, what was received, what to do."""

    def __init__(self, message: str, exit_code: int = 2):
        super().__init__(message)
        self.exit_code = exit_code
