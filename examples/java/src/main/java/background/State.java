package background;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.StreamSupport;

/**
 * What a state document says.
 *
 * @param statusCode that of the call itself; 0 until there is one
 * @param headers of the call's answer, their names in lower case
 */
record State(
    Verdict verdict,
    Optional<String> id,
    String status,
    int statusCode,
    boolean hasContent,
    String errorMessage,
    Map<String, List<String>> headers,
    Optional<Instant> received,
    Optional<Instant> started,
    Optional<Instant> finished) {
  /**
   * Only {@code Finished} with a 2xx is success. UNCLEAR is an end of a kind that nobody knows:
   * neither success nor failure, until a person looks.
   */
  enum Verdict {
    PENDING,
    SUCCEEDED,
    FAILED,
    UNCLEAR
  }

  /** Reads a state document; empty for anything that is none, after which one asks again. */
  static Optional<State> parse(String json) {
    return Read.fields(json).flatMap(State::of);
  }

  private static Optional<State> of(Map<String, JsonNode> known) {
    var status = Read.scalar(known.get("status"));
    int code = Read.statusCode(known.get("statuscode"), 200);
    var finished = Read.time(known.get("finishedutc"));
    boolean over = finished.isPresent() && code > 0;
    if (status.isEmpty() && !over) {
      return Optional.empty();
    }
    var verdict =
        switch (status.toLowerCase(Locale.ROOT)) {
          case "failed" -> Verdict.FAILED;
          case "finished" ->
              code == 0 ? Verdict.UNCLEAR : code < 300 ? Verdict.SUCCEEDED : Verdict.FAILED;
          default -> over ? Verdict.UNCLEAR : Verdict.PENDING;
        };
    boolean ended = status.equalsIgnoreCase("finished") || status.equalsIgnoreCase("failed");
    var told = Read.scalar(known.get("hasresponsecontent"));
    return Optional.of(
        new State(
            verdict,
            Read.identifier(known.get("id")).or(() -> Read.identifier(known.get("jobid"))),
            status,
            code,
            told.isEmpty()
                ? ended && !Read.scalar(known.get("contentlocation")).isEmpty()
                : told.equalsIgnoreCase("true"),
            Read.scalar(known.get("errormessage")),
            headers(known.get("responseheaders")),
            Read.time(known.get("receivedutc")),
            Read.time(known.get("startedutc")),
            finished));
  }

  private static Map<String, List<String>> headers(JsonNode value) {
    var headers = new LinkedHashMap<String, List<String>>();
    Read.lowered(value).orElse(Map.of()).forEach((name, one) -> headers.put(name, texts(one)));
    headers.values().removeIf(List::isEmpty);
    return headers;
  }

  private static List<String> texts(JsonNode value) {
    var all = value.isArray() ? value : List.of(value);
    return StreamSupport.stream(all.spliterator(), false)
        .map(Read::scalar)
        .filter(text -> !text.isEmpty())
        .toList();
  }
}
