package background;

import java.time.Duration;

/**
 * The pauses between polls: {@code first}, then each time {@code factor} longer, at most {@code
 * longest}.
 */
public record Poll(Duration first, double factor, Duration longest) {
  public static final Poll DEFAULT = new Poll(Duration.ofSeconds(2), 1.5, Duration.ofMinutes(1));

  /** The pauses of one wait. */
  final class Plan {
    private Duration next = first;

    Duration next() {
      var pause = next;
      var longer = Duration.ofMillis((long) (pause.toMillis() * factor));
      next = longer.compareTo(longest) < 0 ? longer : longest;
      return pause;
    }

    /** The end is near: short pauses again. */
    void reset() {
      next = first;
    }
  }
}
