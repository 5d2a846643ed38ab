"""The time between the signal to stop and the stop: not ready, but still serving."""

from collections.abc import Callable

Listener = Callable[[float], None]
"""Called in the event loop when the drain begins, with its length in seconds."""


class Draining:
    """Whether this process drains, and who is called when that begins."""

    def __init__(self) -> None:
        self.started = False
        self._listeners: list[Listener] = []

    def on_start(self, listener: Listener) -> None:
        """Call this when the drain begins."""
        self._listeners.append(listener)

    def start(self, seconds: float) -> None:
        """Begin the drain. Only the first call has an effect."""
        if self.started:
            return
        self.started = True
        for listener in self._listeners:
            listener(seconds)
