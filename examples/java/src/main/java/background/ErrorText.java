package background;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * What an error body says to people.
 *
 * @param message one line; empty if it says nothing
 * @param faultCode the old gateway's code of the fault; empty if there is none
 */
record ErrorText(String message, String faultCode) {
  private static final List<String> TOLD =
      List.of(
          "message",
          "value",
          "text",
          "title",
          "error",
          "error_description",
          "exceptionmessage",
          "messagedetail",
          "detail",
          "errormessage",
          "errorinfo",
          "modelstate",
          "errors",
          "innerexception");

  static ErrorText of(String body) {
    var known = Read.fields(body);
    if (known.isEmpty()) {
      return new ErrorText(cut(line(body), 300), "");
    }
    var fault = Read.scalar(known.get().get("exceptionfaultcode"));
    var message =
        TOLD.stream()
            .flatMap(name -> sentences(known.get().get(name), 1))
            .distinct()
            .collect(Collectors.joining("; "));
    return new ErrorText(
        message, fault.isEmpty() ? Read.scalar(known.get().get("faultcode")) : fault);
  }

  private static Stream<String> sentences(JsonNode value, int depth) {
    if (value == null || depth > 6) {
      return Stream.empty();
    }
    if (value.isTextual()) {
      var line = line(value.textValue());
      return line.isEmpty() ? Stream.empty() : Stream.of(cut(line, 2000));
    }
    if (value.isArray()) {
      return StreamSupport.stream(value.spliterator(), false)
          .flatMap(one -> sentences(one, depth + 1));
    }
    return Read.lowered(value).stream()
        .flatMap(
            known -> {
              var names = TOLD.stream().anyMatch(known::containsKey) ? TOLD : known.keySet();
              return names.stream().flatMap(name -> sentences(known.get(name), depth + 1));
            });
  }

  private static String line(String value) {
    return value.strip().replaceAll("(?U)\\s+", " ");
  }

  private static String cut(String value, int most) {
    return value.length() > most ? value.substring(0, most) + "…" : value;
  }
}
