//! When to poll, and what to make of polls that say the same for long.

use std::time::Duration;

/// The pauses between polls: `first`, then each time `factor` longer, at most `longest`.
#[derive(Clone, Copy, Debug)]
pub struct Poll {
    pub first: Duration,
    pub factor: f64,
    pub longest: Duration,
}

impl Default for Poll {
    fn default() -> Self {
        Self { first: Duration::from_secs(2), factor: 1.5, longest: Duration::from_secs(60) }
    }
}

/// The pauses of one wait.
pub(crate) struct Plan {
    poll: Poll,
    next: Duration,
}

impl Plan {
    pub fn new(poll: Poll) -> Self {
        Self { poll, next: poll.first }
    }

    pub fn next(&mut self) -> Duration {
        let pause = self.next;
        self.next = pause.mul_f64(self.poll.factor).min(self.poll.longest);
        pause
    }

    /// The end is near: short pauses again.
    pub fn reset(&mut self) {
        self.next = self.poll.first;
    }
}

/// How often, and for how long, polls in a row have said the same.
#[derive(Default)]
pub(crate) struct Streak {
    since: Duration,
    pub count: u32,
    pub lasts: Duration,
}

impl Streak {
    /// Counts a poll; one that says something else ends the streak. Returns `same`.
    pub fn goes_on(&mut self, same: bool, now: Duration) -> bool {
        if !same {
            *self = Self::default();
            return false;
        }
        if self.count == 0 {
            self.since = now;
        }
        self.count += 1;
        self.lasts = now.saturating_sub(self.since);
        true
    }
}
