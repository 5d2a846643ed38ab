"""A clock that tests set."""


class Clock:
    """A time that the test advances."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now
