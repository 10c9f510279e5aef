package background;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** The time of day and how to wait, so that tests need not. */
public interface Clock {
  Instant now();

  /** Waits until the time is over or the latch is open, and tells whether it is open. */
  boolean sleep(Duration most, CountDownLatch woken) throws InterruptedException;

  Clock REAL =
      new Clock() {
        @Override
        public Instant now() {
          return Instant.now();
        }

        @Override
        public boolean sleep(Duration most, CountDownLatch woken) throws InterruptedException {
          return woken.await(most.toNanos(), TimeUnit.NANOSECONDS);
        }
      };
}
