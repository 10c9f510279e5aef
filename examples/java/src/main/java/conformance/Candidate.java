package conformance;

import background.Background;
import background.Clock;
import background.FileJournal;
import background.Hook;
import background.Inbox;
import background.Journal;
import background.Notify;
import background.Outcome;
import background.Outcome.Accepted;
import background.Outcome.Answered;
import background.Outcome.Expired;
import background.Outcome.Refused;
import background.Outcome.Succeeded;
import background.Outcome.Unreadable;
import background.Poll;
import background.Token;
import background.Tokens;
import background.Transport;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeoutException;

/**
 * Lets {@code erpmock conformance} hold this client and this receiver to the rules.
 * docs/conformance.md says what is read and written here. It is no part of what you would copy, but
 * for how it puts the parts together.
 */
public final class Candidate {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final PrintStream OUT = new PrintStream(System.out, true, StandardCharsets.UTF_8);
  private static final List<String> CAN =
      List.of(
          "url", "subscription", "keys", "resume", "credentials", "actions", "clock", "storeFault");

  private Candidate() {}

  /** Answers a step with the fields of its line. */
  private interface Player {
    ObjectNode answer(JsonNode step) throws Exception;
  }

  public static void main(String[] args) throws IOException {
    play(env("ROLE").equals("receiver") ? receiver() : client());
    System.exit(0); // the webhook listens on
  }

  private static void play(Player player) throws IOException {
    var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (var line = in.readLine(); line != null; line = in.readLine()) {
      var step = JSON.readTree(line);
      ObjectNode said;
      try {
        said = player.answer(step);
      } catch (Exception e) {
        said = JSON.createObjectNode().put("error", e.toString());
      }
      OUT.println(said.put("step", step.get("step").asInt()));
    }
  }

  private static Player receiver() throws IOException {
    var inbox = new Inbox(directory().resolve("inbox"));
    var works = new boolean[] {true};
    Hook.Store store =
        (id, body) -> {
          synchronized (works) {
            if (!works[0]) {
              throw new IOException("the store does not work");
            }
            inbox.store(id, body);
          }
        };
    listen(new Hook("/hook", keys(), store));
    return step -> {
      var said = JSON.createObjectNode();
      if (step.get("do").asText().equals("list")) {
        var all = said.putArray("notifications");
        inbox.list().forEach(entry -> all.addObject().put("id", entry.id()));
      } else {
        synchronized (works) {
          works[0] = step.get("works").asBoolean();
        }
      }
      return said;
    };
  }

  private static Player client() throws IOException {
    boolean virtual = env("CLOCK").equals("virtual");
    var clock = virtual ? new VirtualClock(Long.parseLong(env("CLOCK_START"))) : Clock.REAL;
    var first = Duration.ofMillis(Long.parseLong(env("POLL_MS")));
    var timeout = Duration.ofMillis(Long.parseLong(env("CALL_TIMEOUT_MS")));
    var http = Transport.http(timeout);
    var directory = directory();
    var journal = new FileJournal(directory.resolve("journal"));
    var client =
        Background.at(env("URL"))
            .token(token())
            .journal(journal)
            .poll(new Poll(first, 1.5, first.multipliedBy(4)))
            .timeout(timeout)
            .clock(clock)
            .transport(
                (request, most) -> http.send(virtual ? timed(request, clock) : request, most))
            .build();
    var inbox = new Inbox(directory.resolve("inbox"));
    Hook.Store store =
        (id, body) -> {
          inbox.store(id, body);
          client.notified(id);
        };
    var secret = "/hook/" + env("SECRET");
    listen(new Hook("/hook", keys(), store), new Hook(secret, null, store));
    var notify =
        Map.of(
            "none", Notify.NONE,
            "url", Notify.url("http://127.0.0.1:" + env("WEBHOOK_PORT") + secret),
            "subscription", Notify.subscription());
    return step -> {
      var key = step.get("key").asText();
      if (step.get("do").asText().equals("submit")) {
        return told(client.submit(key, request(step, notify.get(step.get("notify").asText()))));
      }
      return await(client, journal, key, Duration.ofMillis(step.get("timeoutMs").asLong()));
    };
  }

  private static ObjectNode await(Background client, Journal journal, String key, Duration most)
      throws InterruptedException {
    var known = journal.get(key).orElseThrow();
    if (!(known instanceof Accepted accepted)) {
      return told(known);
    }
    try {
      return told(client.await(accepted.operation(), most));
    } catch (TimeoutException e) {
      return JSON.createObjectNode().put("outcome", "pending");
    }
  }

  private static HttpRequest request(JsonNode step, String notify) {
    var body =
        step.has("body")
            ? HttpRequest.BodyPublishers.ofString(step.get("body").asText())
            : HttpRequest.BodyPublishers.noBody();
    var request =
        HttpRequest.newBuilder(URI.create(env("URL") + step.get("path").asText()))
            .method(step.get("method").asText(), body)
            .header("erp-api-background", notify);
    if (step.has("contentType")) {
      request.header("Content-Type", step.get("contentType").asText());
    }
    return request.build();
  }

  /** An outcome in the words of the protocol. */
  private static ObjectNode told(Outcome outcome) {
    var said = JSON.createObjectNode().put("message", outcome.message());
    if (outcome instanceof Accepted accepted) {
      return said.put("outcome", "pending").put("id", accepted.operation().id());
    }
    if (outcome instanceof Answered answered) {
      said.put("outcome", answered instanceof Succeeded ? "succeeded" : "failed");
      said.put("statusCode", answered.statusCode());
      var content = answered.content();
      if (content != null) {
        said.put("contentType", content.type());
        if (content.type().toLowerCase(Locale.ROOT).contains("json")) {
          said.put("body", content.text());
        } else {
          said.put("bodyBase64", content.body());
        }
      }
      return said;
    }
    if (outcome instanceof Refused refused) {
      said.put("outcome", "refused");
      return refused.statusCode() > 0 ? said.put("statusCode", refused.statusCode()) : said;
    }
    if (outcome instanceof Expired) {
      return said.put("outcome", "expired");
    }
    return said.put("outcome", outcome instanceof Unreadable ? "pending" : "uncertain");
  }

  /** Receives notifications, and says in the first line where. */
  private static void listen(Hook... hooks) throws IOException {
    var address =
        new InetSocketAddress(
            InetAddress.getLoopbackAddress(), Integer.parseInt(env("WEBHOOK_PORT")));
    var server = HttpServer.create(address, 0);
    server.setExecutor(Executors.newCachedThreadPool());
    for (var hook : hooks) {
      server.createContext(hook.path(), hook.handler());
    }
    server.start();
    var said = JSON.createObjectNode().put("protocol", 1).put("name", "java");
    said.putArray("roles").add("client").add("receiver");
    CAN.forEach(said.putArray("can")::add);
    said.put("webhook", "http://127.0.0.1:" + server.getAddress().getPort() + "/hook");
    OUT.println(said);
  }

  private static Token token() {
    if (env("TOKEN_URL").isEmpty()) {
      return renew -> env("TOKEN");
    }
    return new Tokens(
        new Tokens.Credentials(
            env("TOKEN_URL"),
            env("CLIENT_ID"),
            env("CLIENT_SECRET"),
            env("TENANT_ID"),
            env("SCOPE")));
  }

  private static List<String> keys() {
    return Arrays.stream(env("SIGNING_KEYS").split(",")).filter(key -> !key.isEmpty()).toList();
  }

  private static Path directory() throws IOException {
    if (!env("DIR").isEmpty()) {
      return Path.of(env("DIR"));
    }
    var folder = Files.createTempDirectory("candidate"); // only our first line is wanted
    for (var name : List.of("", "inbox", "journal")) {
      folder.resolve(name).toFile().deleteOnExit(); // the last one first
    }
    return folder;
  }

  private static String env(String name) {
    return Optional.ofNullable(System.getenv("BACKGROUND_" + name)).orElse("");
  }

  /** Tells with a call what time it is. */
  private static HttpRequest timed(HttpRequest request, Clock clock) {
    return HttpRequest.newBuilder(request, (name, value) -> true)
        .header("x-conformance-time", String.valueOf(clock.now().toEpochMilli()))
        .build();
  }
}
