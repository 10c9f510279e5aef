package conformance;

import background.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CountDownLatch;

/** Time that moves only when somebody waits, and at once. */
public final class VirtualClock implements Clock {
  private Instant now;

  public VirtualClock(long epochMilli) {
    now = Instant.ofEpochMilli(epochMilli);
  }

  @Override
  public synchronized Instant now() {
    return now;
  }

  @Override
  public synchronized boolean sleep(Duration most, CountDownLatch woken) {
    if (woken.getCount() == 0) {
      return true;
    }
    now = now.plus(most);
    return false;
  }
}
