package background;

import java.time.Duration;
import java.time.Instant;

/** How often, and for how long, polls in a row have said the same. */
final class Streak {
  private final Clock clock;
  private Instant since = Instant.EPOCH;
  private int count;

  Streak(Clock clock) {
    this.clock = clock;
  }

  /** Counts a poll; one that says something else ends the streak. Tells whether it goes on. */
  boolean goesOn(boolean same) {
    if (same && count == 0) {
      since = clock.now();
    }
    count = same ? count + 1 : 0;
    return same;
  }

  int count() {
    return count;
  }

  boolean lastsLongerThan(Duration most) {
    return count > 0 && Duration.between(since, clock.now()).compareTo(most) > 0;
  }
}
