package background;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** openapi/vectors holds what comes over the wire, and what is to be made of it. */
class VectorsTest {
  private interface Check {
    void check(JsonNode input, JsonNode want) throws IOException;
  }

  private static Stream<DynamicTest> vectors(String file, Check check) throws IOException {
    var vectors =
        Json.MAPPER.readTree(Files.readString(Path.of("../../openapi/vectors", file + ".json")));
    assertEquals(1, vectors.get("version").asInt(), "the version of the vectors");
    assertTrue(vectors.get("cases").size() > 9, "want more than nine cases");
    return StreamSupport.stream(vectors.get("cases").spliterator(), false)
        .map(
            one ->
                dynamicTest(
                    one.get("name").asText() + ": " + one.get("why").asText(),
                    () ->
                        check.check(
                            one.has("inputBase64") ? one : one.get("input"), one.get("want"))));
  }

  private static byte[] bytes(JsonNode given, String name) throws IOException {
    var encoded = given.get(name + "Base64");
    return encoded != null
        ? Base64.getDecoder().decode(encoded.asText())
        : given.path(name).asText("").getBytes(StandardCharsets.UTF_8);
  }

  /** The body that is a whole input. */
  private static String body(JsonNode input) throws IOException {
    return input.isTextual() ? input.asText() : Read.utf8(bytes(input, "input"));
  }

  private static HttpHeaders headers(Map<String, List<String>> headers) {
    return HttpHeaders.of(headers, (name, value) -> true);
  }

  private static Instant instant(JsonNode time) {
    return time == null || time.isNull() ? null : Instant.parse(time.asText());
  }

  @TestFactory
  Stream<DynamicTest> times() throws IOException {
    return vectors(
        "times",
        (input, want) -> assertEquals(instant(want.get("time")), Read.time(input).orElse(null)));
  }

  @TestFactory
  Stream<DynamicTest> states() throws IOException {
    return vectors(
        "states",
        (input, want) -> {
          var got = State.parse(body(input));
          if (want.get("verdict").asText().equals("unreadable")) {
            assertEquals(Optional.empty(), got);
            return;
          }
          var state = got.orElseThrow();
          assertEquals(
              want.get("verdict").asText(), state.verdict().name().toLowerCase(Locale.ROOT));
          assertEquals(want.get("id").textValue(), state.id().orElse(null));
          assertEquals(want.get("status").asText(), state.status());
          assertEquals(want.get("statusCode").asInt(), state.statusCode());
          assertEquals(want.get("hasContent").asBoolean(), state.hasContent());
          assertEquals(want.path("errorMessage").asText(""), state.errorMessage());
          assertEquals(instant(want.get("receivedUtc")), state.received().orElse(null));
          assertEquals(instant(want.get("startedUtc")), state.started().orElse(null));
          assertEquals(instant(want.get("finishedUtc")), state.finished().orElse(null));
          if (want.has("headers")) {
            assertEquals(want.get("headers"), Json.MAPPER.valueToTree(state.headers()));
          }
        });
  }

  @TestFactory
  Stream<DynamicTest> answers() throws IOException {
    return vectors(
        "answers",
        (input, want) -> {
          var headers = new HashMap<String, List<String>>();
          input
              .path("headers")
              .properties()
              .forEach(header -> headers.put(header.getKey(), texts(header.getValue())));
          var answer =
              new Answer(
                  input.get("status").asInt(), headers(headers), bytes(input, "body"), false);
          var got = Judgement.of(answer);
          assertEquals(want.get("outcome").asText(), got.verdict().name().toLowerCase(Locale.ROOT));
          assertEquals(want.path("id").asText(""), got.id());
        });
  }

  private static List<String> texts(JsonNode value) {
    var texts = new ArrayList<String>();
    (value.isArray() ? value : List.of(value)).forEach(one -> texts.add(one.asText()));
    return texts;
  }

  @TestFactory
  Stream<DynamicTest> errors() throws IOException {
    return vectors(
        "errors",
        (input, want) ->
            assertEquals(
                new ErrorText(want.get("message").asText(), want.path("faultCode").asText("")),
                ErrorText.of(body(input))));
  }

  @TestFactory
  Stream<DynamicTest> retryAfter() throws IOException {
    return vectors(
        "retry-after",
        (input, want) -> {
          var headers = new HashMap<String, List<String>>();
          if (input.has("retryAfter")) {
            headers.put("retry-after", texts(input.get("retryAfter")));
          }
          if (input.has("date")) {
            headers.put("date", texts(input.get("date")));
          }
          var answer = new Answer(429, headers(headers), new byte[0], false);
          var seconds = want.get("seconds");
          assertEquals(
              seconds.isNull()
                  ? null
                  : Duration.ofMillis(seconds.decimalValue().movePointRight(3).longValue()),
              Read.retryAfter(answer, instant(input.get("now"))).orElse(null));
        });
  }

  @TestFactory
  Stream<DynamicTest> signatures() throws IOException {
    return vectors(
        "signatures",
        (input, want) ->
            assertEquals(
                want.get("valid").asBoolean() ? want.get("key").asInt() : -1,
                Notification.signedBy(
                    texts(input.get("keys")),
                    bytes(input, "body"),
                    input.path("signature").asText(""))));
  }

  @TestFactory
  Stream<DynamicTest> notifications() throws IOException {
    return vectors(
        "notifications",
        (input, want) -> {
          var got = Notification.of(body(input));
          assertEquals(want.get("id").textValue(), got.id().orElse(null));
          if (got.id().isPresent()) {
            assertEquals(want.get("statusCode").asInt(), got.statusCode());
          }
        });
  }

  @TestFactory
  Stream<DynamicTest> headerBuild() throws IOException {
    return vectors(
        "header-build",
        (input, want) -> {
          if (want.path("refused").asBoolean()) {
            var refused = assertThrows(IllegalArgumentException.class, () -> build(input));
            assertTrue(refused.getMessage().contains("want"), refused.getMessage());
          } else {
            assertEquals(want.get("header").asText(), build(input));
          }
        });
  }

  private static String build(JsonNode input) {
    var pairs = new ArrayList<Map.Entry<String, String>>();
    input
        .path("pairs")
        .forEach(pair -> pairs.add(Map.entry(pair.get(0).asText(), pair.get(1).asText())));
    return switch (input.get("mode").asText()) {
      case "url" -> Notify.url(input.get("url").asText());
      case "subscription" -> Notify.subscription(pairs);
      default -> Notify.NONE;
    };
  }
}
