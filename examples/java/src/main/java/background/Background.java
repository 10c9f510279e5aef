package background;

import background.Outcome.Accepted;
import background.Outcome.Ended;
import background.Outcome.Expired;
import background.Outcome.Failed;
import background.Outcome.Operation;
import background.Outcome.Refused;
import background.Outcome.Submitted;
import background.Outcome.Uncertain;
import background.Outcome.Unclear;
import background.Outcome.Unreadable;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeoutException;

/**
 * Submits calls that are to run in the background, and awaits their outcomes. It may be used by
 * many threads.
 */
public final class Background {
  private static final Duration TEN_MINUTES = Duration.ofMinutes(10);

  private final String baseUrl;
  private final Calls calls;
  private final Clock clock;
  private final Poll poll;
  private final Journal journal;
  private final Map<String, CompletableFuture<Void>> underWay = new ConcurrentHashMap<>();
  private final Map<String, CountDownLatch> waiting = new ConcurrentHashMap<>();
  private final Set<String> told = ConcurrentHashMap.newKeySet();

  Background(BackgroundBuilder b, Transport transport) {
    baseUrl = b.baseUrl;
    clock = b.clock;
    poll = b.poll;
    journal = b.journal;
    calls = new Calls(baseUrl, b.token, b.timeout, transport, clock);
  }

  /** Begins a client of the ERP at a URL such as {@code https://api.finance.visma.net}. */
  public static BackgroundBuilder at(String baseUrl) {
    return new BackgroundBuilder(baseUrl);
  }

  /**
   * Makes a call in the background, and tells what became of it as soon as that is known.
   *
   * <pre>{@code
   * background.submit("order-4711", erp ->
   *     new CustomerInvoiceApi(erp).createCustomerInvoice("none", invoice, null, null, null));
   * }</pre>
   *
   * <p>It is sent once; again only after an answer that says it was not taken (401, 429). Two
   * submits of one key are the same work, unless the first was refused: the second sends nothing
   * and is told what became of it. An interrupt ends its waits, and is kept for the caller.
   *
   * @throws IOException if the journal cannot be written. Nothing was sent, or the message tells
   *     what became of it
   */
  public Submitted submit(String key, Call call) throws IOException {
    return submit(key, Call.request(baseUrl, call));
  }

  /** Submits a request with the header {@code erp-api-background} to an address below the root. */
  public Submitted submit(String key, HttpRequest request) throws IOException {
    if (request.headers().firstValue("erp-api-background").isEmpty()) {
      throw new IllegalArgumentException(
          "submit: the request has no header erp-api-background, and would run at once");
    }
    var done = new CompletableFuture<Void>();
    for (var other = underWay.putIfAbsent(key, done);
        other != null;
        other = underWay.putIfAbsent(key, done)) {
      other.join();
    }
    try {
      var known = journal.get(key);
      if (known.isPresent() && !(known.get() instanceof Refused)) {
        return known.get();
      }
      journal.put(key, new Uncertain("the process ended before it had an answer"));
      var submitted = send(request);
      try {
        journal.put(key, submitted);
      } catch (IOException e) {
        throw new IOException(
            "it was not written down what became of " + key + ": " + submitted, e);
      }
      return submitted;
    } finally {
      underWay.remove(key);
      done.complete(null);
    }
  }

  private Submitted send(HttpRequest request) {
    boolean action = request.uri().getPath().toLowerCase(Locale.ROOT).contains("/action/");
    try {
      for (; ; ) {
        var answer = calls.send(request, Instant.MAX);
        var judgement = Judgement.of(answer);
        switch (judgement.verdict()) {
          case ACCEPTED:
            var now = clock.now();
            var pollFrom = now.plus(Read.retryAfter(answer, now).orElse(Duration.ZERO));
            return new Accepted(new Operation(judgement.id(), now, action, pollFrom));
          case FOREGROUND:
            return Outcome.answered(action, answer.status(), answer.named(), answer.content(), "");
          case UNCERTAIN:
            return new Uncertain(judgement.why());
          case LIMITED:
            continue; // all calls keep the pause that it asked for
          default:
            return new Refused(answer.status(), ErrorText.of(answer.text()).message());
        }
      }
    } catch (NotSentException e) {
      return new Refused(0, e.getMessage());
    } catch (IOException e) {
      return new Uncertain(e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new Uncertain("interrupted before there was an answer");
    } catch (TimeoutException e) {
      throw new AssertionError("a submit has no deadline", e);
    }
  }

  /**
   * Has whoever awaits an operation poll at once: a notification names it, which proves nothing.
   */
  public void notified(String id) {
    if (told.size() > 1000) {
      told.clear();
    }
    told.add(id);
    var woken = waiting.get(id);
    if (woken != null) {
      woken.countDown();
    }
  }

  /**
   * Waits until an operation has ended. Whatever polls are answered, only its state ends the wait,
   * or that there has been none for long.
   *
   * @throws TimeoutException if it takes longer than {@code most}; it can be awaited again. A call
   *     that is under way then is waited for
   */
  public Ended await(Operation operation, Duration most)
      throws InterruptedException, TimeoutException {
    var deadline = clock.now().plus(most);
    var missing = new Streak(clock);
    var refused = new Streak(clock);
    var unclear = new Streak(clock);
    var plan = poll.new Plan();
    var pollFrom = operation.pollFrom();
    for (; ; ) {
      var asked = Duration.between(clock.now(), pollFrom);
      if (pause(operation.id(), longer(plan.next(), asked), deadline)) {
        plan.reset();
      }
      var polled = calls.get("/v1/background/" + operation.id(), deadline);
      if (polled.isEmpty()) {
        continue;
      }
      var answer = polled.get();
      int status = answer.status();
      var now = clock.now();
      pollFrom = now.plus(Read.retryAfter(answer, now).orElse(Duration.ZERO));
      var state =
          (status == 200 ? State.parse(answer.text()) : Optional.<State>empty())
              .filter(s -> s.id().isEmpty() || s.id().get().equals(operation.id()));
      var verdict = state.map(State::verdict).orElse(State.Verdict.PENDING);
      if (verdict == State.Verdict.SUCCEEDED || verdict == State.Verdict.FAILED) {
        return outcome(operation, state.get(), deadline);
      }
      missing.goesOn(status == 404 || status == 410);
      if (missing.count() > 2
          && missing.lastsLongerThan(TEN_MINUTES)
          && !now.isBefore(operation.acceptedAt().plus(Duration.ofDays(1)))) {
        return new Expired("answered " + status + ": its outcome is no longer known");
      }
      if (refused.goesOn(isRefusal(status)) && refused.lastsLongerThan(TEN_MINUTES)) {
        return new Unreadable(status, ErrorText.of(answer.text()).message());
      }
      if (unclear.goesOn(verdict == State.Verdict.UNCLEAR)
          && unclear.lastsLongerThan(TEN_MINUTES)) {
        var end = state.get();
        return new Unclear(end.statusCode(), "it ended as " + end.status());
      }
    }
  }

  private Ended outcome(Operation operation, State end, Instant deadline)
      throws InterruptedException, TimeoutException {
    var stored = end.hasContent() ? content(operation.id(), end, deadline) : new Stored(null, "");
    var content = stored.content();
    if (end.verdict() == State.Verdict.SUCCEEDED) {
      return Outcome.answered(
          operation.action(), end.statusCode(), end.headers(), content, stored.note());
    }
    var message = end.errorMessage();
    if (message.isEmpty()) {
      message = content == null ? stored.note() : ErrorText.of(content.text()).message();
    }
    return new Failed(end.statusCode(), end.headers(), content, message);
  }

  /** What there is of a stored answer; the note says why there is none. */
  private record Stored(Content content, String note) {}

  /** Reads it until it is whole; not for ever, because how the call ended is known. */
  private Stored content(String id, State end, Instant deadline)
      throws InterruptedException, TimeoutException {
    var failing = new Streak(clock);
    var plan = poll.new Plan();
    var type = String.join(",", end.headers().getOrDefault("content-type", List.of()));
    boolean pagesToo = end.statusCode() >= 400 || type.toLowerCase(Locale.ROOT).contains("html");
    while (!failing.lastsLongerThan(TEN_MINUTES)) {
      var read = calls.get("/v1/background/" + id + "/content", deadline);
      var asked = Duration.ZERO;
      if (read.isPresent()) {
        var answer = read.get();
        if (answer.status() == 410) {
          return new Stored(null, "its content is gone");
        }
        var body = answer.text();
        if (answer.status() == 200
            && Judgement.notWhole(answer, body).isEmpty()
            && (pagesToo || !Judgement.isPage(answer, body))) {
          return new Stored(answer.content(), "");
        }
        asked = Read.retryAfter(answer, clock.now()).orElse(asked);
      }
      failing.goesOn(true);
      pause(id, longer(plan.next(), asked), deadline);
    }
    return new Stored(null, "its content could not be read, although its state tells of some");
  }

  /** Waits, and tells whether a notification cut it short. */
  private boolean pause(String id, Duration most, Instant deadline)
      throws InterruptedException, TimeoutException {
    var woken = waiting.computeIfAbsent(id, key -> new CountDownLatch(1));
    try {
      if (!told.contains(id)) {
        calls.sleep(most, woken, deadline);
      }
    } finally {
      waiting.remove(id, woken);
    }
    return told.remove(id);
  }

  private static Duration longer(Duration a, Duration b) {
    return a.compareTo(b) > 0 ? a : b;
  }

  /** Whether a poll was answered with something that no repetition changes. */
  private static boolean isRefusal(int status) {
    return status >= 300 && status < 500 && !Set.of(404, 408, 409, 410, 425, 429).contains(status);
  }
}
