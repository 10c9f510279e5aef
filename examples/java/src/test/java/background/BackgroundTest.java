package background;

import static background.Erp.ACCEPTED;
import static background.Erp.FINISHED;
import static background.Erp.ID;
import static background.Erp.ROOT;
import static background.Erp.STARTED;
import static background.Erp.WITH_CONTENT;
import static background.Erp.fails;
import static background.Erp.raw;
import static background.Erp.says;
import static background.Erp.state;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import background.Outcome.Accepted;
import background.Outcome.Expired;
import background.Outcome.Failed;
import background.Outcome.Refused;
import background.Outcome.Succeeded;
import background.Outcome.Uncertain;
import background.Outcome.Unclear;
import background.Outcome.Unreadable;
import java.io.IOException;
import java.math.BigDecimal;
import java.net.URI;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The rules of submit and await, on a clock that moves only by waits. */
class BackgroundTest {
  private static final byte[] CUT_OFF =
      ("{\"id\":\"" + ID + "\",\"sta").getBytes(StandardCharsets.UTF_8);

  static Stream<Arguments> answers() {
    return Stream.of(
        Arguments.of("no answer", fails(new IOException("reset")), Uncertain.class),
        Arguments.of("no connection", fails(new NotSentException("", null)), Refused.class),
        Arguments.of("a 202 that broke off behind its id", raw(202, CUT_OFF, true), Accepted.class),
        Arguments.of("a 200 that broke off", raw(200, CUT_OFF, true), Uncertain.class),
        Arguments.of("an answer at once", says(201, "{\"number\":1}"), Succeeded.class),
        Arguments.of("a status without a name", says(299, ""), Succeeded.class),
        Arguments.of("a redirect", says(307, "", "location", "https://x.test/"), Refused.class),
        Arguments.of("a page of a proxy", says(200, "<html>"), Uncertain.class),
        Arguments.of("503", says(503, "", "retry-after", "5"), Uncertain.class),
        Arguments.of("400", says(400, "{\"message\":\"no\"}"), Refused.class));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("answers")
  void whatAnAnswerMeansAndThatNoneOfTheseIsSentTwice(String name, Erp.Says says, Class<?> want)
      throws IOException {
    var erp = new Erp(says);
    assertInstanceOf(want, erp.submit("order-1"));
    assertEquals(List.of("POST " + ROOT + "/v2/customerinvoice"), erp.calls);
    assertEquals(Duration.ZERO, erp.elapsed());
  }

  @Test
  void a429WasNotTakenSoItIsWaitedOutAndSentAgain() throws IOException {
    var erp = new Erp(says(429, "", "retry-after", "120"), says(429, ""), ACCEPTED);
    assertInstanceOf(Accepted.class, erp.submit("order-1"));
    assertEquals(
        List.of(Duration.ZERO, Duration.ofSeconds(120), Duration.ofSeconds(180)), erp.times);
  }

  @Test
  void a401WasNotTakenSoItIsSentOnceMoreWithANewToken() throws IOException {
    var erp = new Erp(b -> b.token(renew -> renew ? "new" : "old"), says(401, ""));
    assertEquals(new Refused(401, ""), erp.submit("order-1"));
    assertEquals(List.of("Bearer old", "Bearer new"), erp.authorizations);
  }

  @Test
  void aTokenThatIsNotToBeHadMeansThatNothingWasSent() throws IOException {
    Token none =
        renew -> {
          throw new IOException("wrong secret");
        };
    var erp = new Erp(b -> b.token(none), ACCEPTED);
    assertEquals(new Refused(0, "no access token: wrong secret"), erp.submit("order-1"));
    assertEquals(List.of(), erp.calls);
  }

  @Test
  void aRequestToElsewhereIsNotSent() throws IOException {
    var erp = new Erp(ACCEPTED);
    for (var url : List.of("https://erp.test.evil/api/v2/x", "https://erp.test/apis")) {
      var request =
          HttpRequest.newBuilder(URI.create(url)).header("erp-api-background", "none").build();
      assertInstanceOf(Refused.class, erp.background.submit(url, request));
    }
    assertEquals(List.of(), erp.calls);
  }

  @Test
  void aKeyIsSentOnceAndAgainOnlyAfterItWasRefused() throws IOException {
    var erp = new Erp(says(400, ""), ACCEPTED);
    assertInstanceOf(Refused.class, erp.submit("order-1"));
    for (int i = 0; i < 3; i++) {
      assertInstanceOf(Accepted.class, erp.submit("order-1"));
    }
    assertEquals(2, erp.calls.size());
  }

  @Test
  void submitsOfOneKeyAtTheSameTimeAreOne() throws Exception {
    var sent = new AtomicInteger();
    var both = new CountDownLatch(2);
    Transport slow =
        (request, timeout) -> {
          sent.incrementAndGet();
          both.await(); // until the other one is on its way too
          return ACCEPTED.answer();
        };
    var background = Background.at(ROOT).transport(slow).build();
    var request =
        HttpRequest.newBuilder(URI.create(ROOT + "/v1/x"))
            .header("erp-api-background", "none")
            .build();
    var pool = Executors.newFixedThreadPool(2);
    try {
      var results = new ArrayList<Future<Outcome.Submitted>>();
      for (int i = 0; i < 2; i++) {
        results.add(
            pool.submit(
                () -> {
                  both.countDown();
                  return background.submit("order-1", request);
                }));
      }
      assertEquals(results.get(0).get(), results.get(1).get());
      assertEquals(1, sent.get());
    } finally {
      pool.shutdown();
    }
  }

  @Test
  void whatWasBeingSentWhenTheProcessEndedIsUncertain(@TempDir Path folder) throws IOException {
    var path = folder.resolve("journal");
    try (var journal = new FileJournal(path)) {
      var erp =
          new Erp(
              b -> b.journal(journal),
              () -> {
                throw new IllegalStateException("the process ends here");
              });
      assertThrows(IllegalStateException.class, () -> erp.submit("order-1"));
    }
    Files.writeString(path, "\n{\"key\":\"order-2\",\"subm", StandardOpenOption.APPEND);
    try (var journal = new FileJournal(path)) {
      var erp = new Erp(b -> b.journal(journal), ACCEPTED);
      assertInstanceOf(Uncertain.class, erp.submit("order-1"));
      assertInstanceOf(Accepted.class, erp.submit("order-2")); // cut off, so never sent
      assertEquals(1, erp.calls.size());
    }
  }

  @Test
  void aJournalKeepsEachOutcomeAndIsOpenOnce(@TempDir Path folder) throws IOException {
    var path = folder.resolve("journal");
    var answered = Map.of("location", List.of("/v1/customerinvoice/1"));
    var body = new Content("application/json", "{\"a\":1.10}".getBytes(StandardCharsets.UTF_8));
    var all =
        List.of(
            new Accepted(Erp.operation(true)),
            new Succeeded(201, answered, body, ""),
            new Failed(400, Map.of(), null, "no"),
            new Refused(403, "no"),
            new Uncertain("?"));
    try (var journal = new FileJournal(path)) {
      for (var one : all) {
        journal.put(one.getClass().getName(), one);
      }
      assertThrows(IOException.class, () -> new FileJournal(path));
    }
    try (var journal = new FileJournal(path)) {
      for (var one : all) {
        var got = journal.get(one.getClass().getName()).orElseThrow();
        if (got instanceof Succeeded succeeded) {
          assertEquals("{\"a\":1.10}", succeeded.content().text());
          got = new Succeeded(succeeded.statusCode(), succeeded.headers(), body, "");
        }
        assertEquals(one, got);
      }
    }
  }

  @Test
  void aJournalThatCannotBeWrittenIsToldWithTheOutcome() {
    var puts = new AtomicInteger();
    var known = Journal.inMemory();
    var full =
        new Journal() {
          @Override
          public Optional<Outcome.Submitted> get(String key) {
            return known.get(key);
          }

          @Override
          public void put(String key, Outcome.Submitted submitted) throws IOException {
            if (puts.incrementAndGet() == 2) {
              throw new IOException("no space left");
            }
          }
        };
    var erp = new Erp(b -> b.journal(full), ACCEPTED);
    var told = assertThrows(IOException.class, () -> erp.submit("order-1"));
    assertTrue(told.getMessage().contains(ID), told.getMessage());
  }

  @Test
  void pollsSlowDownPausesAreKeptAndNoAnswerEndsTheWait() throws Exception {
    var erp =
        new Erp(
            says(500, ""),
            says(503, "", "retry-after", "30"),
            says(429, "", "x-ratelimit-reset", "60"),
            fails(new IOException("reset")),
            says(200, "<html>"),
            says(200, "[]"),
            says(200, "{\"id\":\"" + ID.replace('2', '3') + "\",\"status\":\"Finished\"}"),
            says(404, ""),
            says(302, "", "location", "https://elsewhere.test/"),
            says(200, "{\"id\":\"" + ID + "\",\"status\":\"Started\"}", "retry-after", "100"),
            state("\"status\":\"Finished\",\"statusCode\":204"));
    assertEquals(new Succeeded(204, Map.of(), null, ""), erp.await());
    assertEquals(
        List.of("GET " + ROOT + "/v1/background/" + ID),
        new HashSet<>(erp.calls).stream().toList());
    var pauses = new ArrayList<Long>();
    for (int i = 0; i < erp.times.size(); i++) {
      var before = i == 0 ? Duration.ZERO : erp.times.get(i - 1);
      pauses.add(erp.times.get(i).minus(before).toSeconds());
    }
    assertEquals(List.of(1L, 2L, 30L, 60L, 16L, 32L, 60L, 60L, 60L, 60L, 100L), pauses);
  }

  static Stream<Arguments> ends() {
    var told = ",\"finishedUtc\":\"2026-09-01T08:00:00\"";
    return Stream.of(
        Arguments.of("\"status\":\"Finished\",\"statusCode\":200", Succeeded.class),
        Arguments.of("\"status\":\"finished\",\"statusCode\":\"201\"", Succeeded.class),
        Arguments.of("\"status\":\"Finished\",\"statusCode\":400", Failed.class),
        Arguments.of("\"status\":\"Finished\",\"statusCode\":302", Failed.class),
        Arguments.of("\"status\":\"Failed\",\"statusCode\":200", Failed.class),
        Arguments.of("\"status\":\"Completed\",\"statusCode\":200" + told, Unclear.class),
        Arguments.of("\"status\":\"Finished\"" + told, Unclear.class));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("ends")
  void onlyFinishedWithA2xxIsSuccess(String members, Class<?> want) throws Exception {
    var erp = new Erp(state(members));
    assertInstanceOf(want, erp.await());
    assertEquals(want == Unclear.class, erp.elapsed().compareTo(Duration.ofMinutes(10)) > 0);
  }

  @Test
  void theBodyOfAnActionTellsWhetherItSucceeded() throws Exception {
    var erp =
        new Erp(
            WITH_CONTENT,
            says(200, "{\"actionResult\":\"Failed\",\"errorInfo\":\"It is on hold.\"}"));
    var end = erp.background.await(Erp.operation(true), Duration.ofHours(1));
    assertEquals("It is on hold.", assertInstanceOf(Failed.class, end).message());
  }

  @Test
  void whatIsMissingHasExpiredOnceItsDayIsOverAndNotBefore() throws Exception {
    var erp = new Erp(says(404, ""));
    assertInstanceOf(Expired.class, erp.await());
    assertEquals(24, erp.elapsed().toHours());
  }

  @Test
  void anErpThatKeepsRefusingToTellIsToldOf() throws Exception {
    var erp = new Erp(says(403, "{\"message\":\"not yours\"}"));
    assertEquals(new Unreadable(403, "not yours"), erp.await());
    assertEquals(10, erp.elapsed().toMinutes());
  }

  @Test
  void contentIsReadUntilItIsWhole() throws Exception {
    var json = "application/json";
    var marked = "\uFEFF[{\"amount\":12345678901234567890.10}]".getBytes(StandardCharsets.UTF_8);
    var erp =
        new Erp(
            WITH_CONTENT,
            says(503, ""),
            says(204, ""),
            says(200, "[{\"amount\": 12", "content-type", json),
            says(200, "<html>Sign in</html>", "content-type", "text/html"),
            raw(200, marked, false, "content-type", json));
    var content = assertInstanceOf(Succeeded.class, erp.await()).content();
    assertEquals(
        new BigDecimal("12345678901234567890.10"), content.json().at("/0/amount").decimalValue());
  }

  @ParameterizedTest
  @MethodSource
  void contentThatIsGoneIsToldOf(int status, String note) throws Exception {
    assertEquals(
        new Succeeded(200, Map.of(), null, note), new Erp(WITH_CONTENT, says(status, "")).await());
  }

  static Stream<Arguments> contentThatIsGoneIsToldOf() {
    return Stream.of(
        Arguments.of(404, "its content could not be read, although its state tells of some"),
        Arguments.of(410, "its content is gone"));
  }

  @Test
  void aWaitThatRanOutOfTimeCanBeginAgain() throws Exception {
    var erp = new Erp(STARTED, STARTED, FINISHED);
    assertThrows(
        TimeoutException.class,
        () -> erp.background.await(Erp.operation(false), Duration.ofSeconds(4)));
    assertEquals(Duration.ofSeconds(4), erp.elapsed());
    assertInstanceOf(Succeeded.class, erp.await());
  }

  @Test
  void aPauseThatTheErpAskedForIsBoundByTheDeadline() {
    var erp = new Erp(says(503, "", "retry-after", "3600"), FINISHED);
    assertThrows(
        TimeoutException.class,
        () -> erp.background.await(Erp.operation(false), Duration.ofMinutes(1)));
    assertEquals(Duration.ofMinutes(1), erp.elapsed());
  }

  @Test
  void aNotificationWakesAWaitAlsoOneThatBeginsAfterItAndProvesNothing() throws Exception {
    var erp = new Erp[1];
    var sleeps = new AtomicInteger();
    // Sleeps for ever unless woken, and is woken early by a notification in each sleep.
    var clock =
        new Clock() {
          @Override
          public Instant now() {
            return Instant.EPOCH;
          }

          @Override
          public boolean sleep(Duration most, CountDownLatch woken) throws InterruptedException {
            sleeps.incrementAndGet();
            erp[0].background.notified("another");
            assertEquals(1, woken.getCount(), "the notification of another operation wakes nobody");
            erp[0].background.notified(ID);
            woken.await();
            return true;
          }
        };
    erp[0] = new Erp(b -> b.clock(clock), STARTED, STARTED, FINISHED);
    erp[0].background.notified(ID); // before the 202 was read
    assertInstanceOf(Succeeded.class, erp[0].await());
    assertEquals(2, sleeps.get());
    assertEquals(3, erp[0].calls.size());
  }

  @Test
  void anInterruptWhileAPauseIsKeptMeansThatNothingWasSent() throws Exception {
    var clock =
        new Clock() {
          @Override
          public Instant now() {
            return Instant.EPOCH;
          }

          @Override
          public boolean sleep(Duration most, CountDownLatch woken) throws InterruptedException {
            throw new InterruptedException();
          }
        };
    var erp = new Erp(b -> b.clock(clock), says(429, ""), ACCEPTED);
    assertInstanceOf(Refused.class, erp.submit("order-1"));
    assertTrue(Thread.interrupted(), "the interrupt is kept for the caller");
    assertThrows(InterruptedException.class, erp::await);
  }

  @Test
  void aRequestWithoutTheHeaderIsAMistakeAndNotSent() {
    var erp = new Erp(ACCEPTED);
    var request = HttpRequest.newBuilder(URI.create(ROOT + "/v1/x")).build();
    assertThrows(IllegalArgumentException.class, () -> erp.background.submit("order-1", request));
    assertThrows(
        IllegalArgumentException.class, () -> erp.background.submit("order-1", client -> {}));
    assertEquals(List.of(), erp.calls);
  }

  @Test
  void anInboxKeepsEachOperationOnce(@TempDir Path folder) throws IOException {
    var path = folder.resolve("inbox");
    try (var inbox = new Inbox(path)) {
      inbox.store(ID, "{}");
      inbox.store(ID, "{\"again\":true}");
      inbox.store("", "nobody knows");
    }
    try (var inbox = new Inbox(path)) {
      inbox.store("", "nobody knows");
      assertEquals(
          List.of(new Inbox.Entry(ID, "{}"), new Inbox.Entry("", "nobody knows")), inbox.list());
    }
  }
}
