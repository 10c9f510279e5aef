package background;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeoutException;

/**
 * Makes calls to the ERP, each of them once. The token goes to the base URL only, redirects are not
 * followed by themselves, and when the ERP asks for a pause, all calls keep it.
 */
final class Calls {
  /** Bytes of a body. */
  static final int LARGEST = 64 << 20;

  private static final CountDownLatch NEVER = new CountDownLatch(1);

  private final String baseUrl;
  private final Token token;
  private final Duration timeout;
  private final Transport transport;
  private final Clock clock;
  private Instant pausedUntil = Instant.EPOCH; // guarded by this

  Calls(String baseUrl, Token token, Duration timeout, Transport transport, Clock clock) {
    this.baseUrl = baseUrl;
    this.token = token;
    this.timeout = timeout;
    this.transport = transport;
    this.clock = clock;
  }

  /**
   * Sends a request and returns its answer, whatever that is. A 401 has it sent once more with a
   * new token: the ERP took nothing.
   *
   * @throws NotSentException if certainly nothing left
   * @throws IOException if no answer came
   * @throws TimeoutException if the pause that the ERP asked for is longer than the deadline allows
   */
  Answer send(HttpRequest request, Instant deadline)
      throws IOException, InterruptedException, TimeoutException {
    if (!(request.uri() + "/").startsWith(baseUrl + "/")) {
      throw new NotSentException(request.uri() + " is not below " + baseUrl, null);
    }
    for (boolean renew = false; ; renew = true) {
      keepPause(deadline);
      var answer = transport.send(authorized(request, renew), timeout);
      remember(answer);
      if (answer.status() != 401 || renew || token == null) {
        return answer;
      }
    }
  }

  /** Reads a path; redirects are followed while they stay below the root. Empty: no answer came. */
  Optional<Answer> get(String path, Instant deadline)
      throws InterruptedException, TimeoutException {
    try {
      var uri = URI.create(baseUrl + path);
      for (int hops = 0; ; hops++) {
        var answer = send(HttpRequest.newBuilder(uri).build(), deadline);
        boolean redirect = answer.status() >= 300 && answer.status() < 400;
        var location = redirect ? answer.header("Location") : "";
        if (location.isEmpty() || hops == 5) {
          return Optional.of(answer);
        }
        uri = uri.resolve(location);
      }
    } catch (IOException | IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private HttpRequest authorized(HttpRequest request, boolean renew) throws NotSentException {
    if (token == null) {
      return request;
    }
    try {
      return HttpRequest.newBuilder(
              request, (name, value) -> !name.equalsIgnoreCase("Authorization"))
          .header("Authorization", "Bearer " + token.get(renew))
          .build();
    } catch (Exception e) {
      if (e instanceof InterruptedException) {
        Thread.currentThread().interrupt();
      }
      throw new NotSentException("no access token: " + e.getMessage(), e);
    }
  }

  /** Remembers for how long the ERP wants no calls. */
  private synchronized void remember(Answer answer) {
    if (answer.status() != 429 && answer.status() != 503) {
      return;
    }
    var now = clock.now();
    var pause = Read.retryAfter(answer, now);
    if (answer.status() == 429) {
      pause =
          pause.or(() -> Read.limitReset(answer, now)).or(() -> Optional.of(Duration.ofMinutes(1)));
    }
    var until = now.plus(pause.orElse(Duration.ZERO));
    pausedUntil = until.isAfter(pausedUntil) ? until : pausedUntil;
  }

  private synchronized Duration restOfPause() {
    return Duration.between(clock.now(), pausedUntil);
  }

  private void keepPause(Instant deadline) throws NotSentException, TimeoutException {
    try {
      for (var rest = restOfPause(); rest.toNanos() > 0; rest = restOfPause()) {
        sleep(rest, NEVER, deadline);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new NotSentException("interrupted before it was sent", e);
    }
  }

  /** Waits until the time is over or the latch open, at most until the deadline. */
  void sleep(Duration most, CountDownLatch woken, Instant deadline)
      throws InterruptedException, TimeoutException {
    var rest = Duration.between(clock.now(), deadline);
    if (rest.compareTo(most) > 0) {
      clock.sleep(most, woken);
    } else if (rest.isNegative() || !clock.sleep(rest, woken)) {
      throw new TimeoutException("it has not ended yet");
    }
  }
}
