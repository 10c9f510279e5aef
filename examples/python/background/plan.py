"""When to poll, and what to make of polls that say the same for long."""

from dataclasses import dataclass

from .calls import Clock


@dataclass(frozen=True)
class Poll:
    """The pauses between polls, in seconds: `first`, then each time `factor` longer, at most `longest`."""

    first: float = 2
    factor: float = 1.5
    longest: float = 60


class Plan:
    """The pauses of one wait."""

    def __init__(self, poll: Poll) -> None:
        self._poll = poll
        self._next = poll.first

    def next(self) -> float:
        pause = self._next
        self._next = min(pause * self._poll.factor, self._poll.longest)
        return pause

    def reset(self) -> None:
        """The end is near: short pauses again."""
        self._next = self._poll.first


class Streak:
    """How often, and for how long, polls in a row have said the same."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since = 0.0
        self.count = 0

    def goes_on(self, same: bool) -> bool:
        """Counts a poll; one that says something else ends the streak. Tells whether it goes on."""
        if not same:
            self.count = 0
        elif self.count == 0:
            self._since = self._clock.now()
        self.count += same
        return same

    @property
    def lasts(self) -> float:
        return self._clock.now() - self._since if self.count else 0
