package background;

import background.Outcome.Ended;
import background.Outcome.Operation;
import background.Outcome.Submitted;
import conformance.VirtualClock;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/** An ERP that gives set answers, one after the other, the last one for ever. */
final class Erp implements Transport {
  static final String ROOT = "https://erp.test/api";
  static final String ID = "2f6f0a57-3c43-4d0e-9d0b-6c1f1d3a7b10";

  /** An answer, or none. */
  interface Says {
    Answer answer() throws IOException;
  }

  static final Says ACCEPTED = says(202, "{\"id\":\"" + ID + "\"}");
  static final Says STARTED = state("\"status\":\"Started\",\"statusCode\":0");
  static final Says FINISHED = state("\"status\":\"Finished\",\"statusCode\":200");
  static final Says WITH_CONTENT =
      state("\"status\":\"Finished\",\"statusCode\":200,\"hasResponseContent\":true");

  final VirtualClock clock = new VirtualClock(0);
  final List<String> calls = new ArrayList<>();
  final List<Duration> times = new ArrayList<>();
  final List<String> authorizations = new ArrayList<>();
  final Background background;
  private final List<Says> answers;

  Erp(Says... answers) {
    this(UnaryOperator.identity(), answers);
  }

  Erp(Function<BackgroundBuilder, BackgroundBuilder> settings, Says... answers) {
    this.answers = new ArrayList<>(List.of(answers));
    var poll = new Poll(Duration.ofSeconds(1), 2, Duration.ofMinutes(1));
    background =
        settings.apply(Background.at(ROOT).poll(poll).clock(clock).transport(this)).build();
  }

  static Says state(String members) {
    return says(200, "{\"id\":\"" + ID + "\"," + members + "}");
  }

  static Says says(int status, String body, String... headers) {
    return raw(status, body.getBytes(StandardCharsets.UTF_8), false, headers);
  }

  static Says raw(int status, byte[] body, boolean broken, String... headers) {
    var named = new HashMap<String, List<String>>();
    for (int i = 0; i < headers.length; i += 2) {
      named.put(headers[i], List.of(headers[i + 1]));
    }
    return () -> new Answer(status, HttpHeaders.of(named, (n, v) -> true), body, broken);
  }

  static Says fails(IOException failure) {
    return () -> {
      throw failure;
    };
  }

  @Override
  public Answer send(HttpRequest request, Duration timeout) throws IOException {
    calls.add(request.method() + " " + request.uri());
    times.add(elapsed());
    authorizations.add(request.headers().firstValue("Authorization").orElse(""));
    return (answers.size() > 1 ? answers.remove(0) : answers.get(0)).answer();
  }

  Duration elapsed() {
    return Duration.between(Instant.EPOCH, clock.now());
  }

  Submitted submit(String key) throws IOException {
    var request =
        HttpRequest.newBuilder(URI.create(ROOT + "/v2/customerinvoice"))
            .header("erp-api-background", "none")
            .POST(HttpRequest.BodyPublishers.ofString("{}"))
            .build();
    return background.submit(key, request);
  }

  static Operation operation(boolean action) {
    return new Operation(ID, Instant.EPOCH, action, Instant.EPOCH);
  }

  Ended await() throws InterruptedException, TimeoutException {
    return background.await(operation(false), Duration.ofDays(2));
  }
}
