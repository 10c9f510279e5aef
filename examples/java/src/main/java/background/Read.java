package background;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.IllegalCharsetNameException;
import java.nio.charset.UnsupportedCharsetException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoField;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Reads what the ERP and its gateways write, in every form in which it is known to come. Nothing
 * here throws: what cannot be read is empty, and the caller asks again or tells that it does not
 * know.
 */
final class Read {
  private Read() {}

  private static final Pattern CHARSET =
      Pattern.compile("charset=\"?([\\w-]+)", Pattern.CASE_INSENSITIVE);
  private static final Pattern ID = Pattern.compile("[\\w-]{1,128}|\\{[\\w-]+}");
  private static final Pattern GUID =
      Pattern.compile(
          "\\{?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})}?");
  private static final Pattern ADDRESS =
      Pattern.compile("[^?#]*/background/([^/?#]+).*", Pattern.CASE_INSENSITIVE | Pattern.DOTALL);
  private static final Pattern TIME =
      Pattern.compile(
          "(\\d{4}-\\d\\d-\\d\\d)(?:[T"
              + " ](\\d\\d:\\d\\d:\\d\\d)(\\.\\d{1,9})?)?(Z|[+-]\\d\\d:\\d\\d)?");
  private static final Pattern NUMBER = Pattern.compile("\\d{1,99}(\\.\\d+)?");

  /** The body as text: a mark goes, a declared charset counts, what is no UTF-8 is windows-1252. */
  static String text(byte[] body, String contentType) {
    var declared = CHARSET.matcher(contentType);
    var charset = declared.find() ? declared.group(1).toLowerCase(Locale.ROOT) : "utf-8";
    if (charset.equals("utf-16") || charset.equals("utf16")) {
      charset = "utf-16be";
    }
    if (body.length > 1 && (body[0] == 0) != (body[1] == 0)) { // JSON begins with ASCII
      charset = body[0] == 0 ? "utf-16be" : "utf-16le";
    }
    int mark = 0;
    if (startsWith(body, 0xEF, 0xBB, 0xBF)) {
      charset = "utf-8";
      mark = 3;
    } else if (startsWith(body, 0xFF, 0xFE)) {
      charset = "utf-16le";
      mark = 2;
    } else if (startsWith(body, 0xFE, 0xFF)) {
      charset = "utf-16be";
      mark = 2;
    }
    for (var name : charset.startsWith("utf-16") ? List.of(charset) : List.of("utf-8", charset)) {
      try {
        var bytes = ByteBuffer.wrap(body, mark, body.length - mark);
        return Charset.forName(name).newDecoder().decode(bytes).toString();
      } catch (CharacterCodingException
          | IllegalCharsetNameException
          | UnsupportedCharsetException e) {
        continue; // the next one
      }
    }
    return new String(body, mark, body.length - mark, Charset.forName("windows-1252"));
  }

  private static boolean startsWith(byte[] body, int... mark) {
    for (int i = 0; i < mark.length; i++) {
      if (i >= body.length || (body[i] & 0xFF) != mark[i]) {
        return false;
      }
    }
    return true;
  }

  static String utf8(byte[] body) {
    return text(body, "");
  }

  /**
   * The object in a JSON text, its names in lower case: the ERP has been seen with {@code id} and
   * with {@code Id}. Empty also for a list, a page of HTML, and JSON that ends in the middle.
   */
  static Optional<Map<String, JsonNode>> fields(String json) {
    try {
      return lowered(Json.MAPPER.readTree(json));
    } catch (JsonProcessingException e) {
      return Optional.empty();
    }
  }

  static Optional<Map<String, JsonNode>> lowered(JsonNode value) {
    if (value == null || !value.isObject()) {
      return Optional.empty();
    }
    var fields = new LinkedHashMap<String, JsonNode>();
    for (var field : value.properties()) {
      fields.put(field.getKey().toLowerCase(Locale.ROOT), field.getValue());
    }
    return Optional.of(fields);
  }

  /** A text, number or boolean as text; of anything else nothing. */
  static String scalar(JsonNode value) {
    return value != null && value.isValueNode() && !value.isNull() ? value.asText().strip() : "";
  }

  /** An id as paths have it: a GUID in any of its forms, else letters and digits. */
  static Optional<String> identifier(JsonNode value) {
    return identifier(scalar(value));
  }

  static Optional<String> identifier(String plain) {
    if (!ID.matcher(plain).matches() || plain.matches("[0{}-]*")) {
      return Optional.empty();
    }
    return guid(plain).or(() -> plain.startsWith("{") ? Optional.empty() : Optional.of(plain));
  }

  /** A GUID in lower case with dashes. */
  static Optional<String> guid(String value) {
    var parts = GUID.matcher(value.toLowerCase(Locale.ROOT));
    if (!parts.matches() || value.matches("[0{}-]*")) {
      return Optional.empty();
    }
    return Optional.of(
        String.join(
            "-", parts.group(1), parts.group(2), parts.group(3), parts.group(4), parts.group(5)));
  }

  /** The id in the address of a state or of its content. Only that: it may name another host. */
  static Optional<String> idIn(String address) {
    var at = ADDRESS.matcher(address);
    return at.matches() ? identifier(at.group(1)) : Optional.empty();
  }

  /** A time with an offset, with Z or without a zone, which is UTC. Year one is no time. */
  static Optional<Instant> time(JsonNode value) {
    var parts = TIME.matcher(scalar(value));
    if (!parts.matches() || parts.group(1).startsWith("0001")) {
      return Optional.empty();
    }
    var clock = Optional.ofNullable(parts.group(2)).orElse("00:00:00");
    var fraction = Optional.ofNullable(parts.group(3)).orElse("");
    var zone = Optional.ofNullable(parts.group(4)).orElse("Z");
    try {
      return Optional.of(
          OffsetDateTime.parse(parts.group(1) + "T" + clock + fraction + zone).toInstant());
    } catch (DateTimeException e) {
      return Optional.empty();
    }
  }

  /** For how long the answer asks to wait, between a second and an hour. */
  static Optional<Duration> retryAfter(Answer answer, Instant now) {
    return answer.headers().allValues("Retry-After").stream()
        .flatMap(
            value ->
                date(value)
                    // A date counts by the clock that wrote it.
                    .map(at -> Stream.of(seconds(date(answer.header("Date")).orElse(now), at)))
                    .orElseGet(() -> numbers(value)))
        .max(BigDecimal::compareTo)
        .map(Read::bounded);
  }

  /** In how long the limit on calls ends; the old gateway told it in seconds since 1970. */
  static Optional<Duration> limitReset(Answer answer, Instant now) {
    return numbers(answer.header("X-RateLimit-Reset"))
        .findFirst()
        .map(
            at ->
                at.compareTo(BigDecimal.TEN.pow(9)) > 0
                    ? at.subtract(seconds(Instant.EPOCH, now))
                    : at)
        .map(Read::bounded);
  }

  static Stream<BigDecimal> numbers(String values) {
    return Arrays.stream(values.split(","))
        .map(String::strip)
        .filter(one -> NUMBER.matcher(one).matches())
        .map(BigDecimal::new);
  }

  private static BigDecimal seconds(Instant from, Instant to) {
    return BigDecimal.valueOf(Duration.between(from, to).toMillis(), 3);
  }

  private static Duration bounded(BigDecimal seconds) {
    var within = seconds.max(BigDecimal.ONE).min(BigDecimal.valueOf(3600));
    return Duration.ofMillis(within.movePointRight(3).longValue());
  }

  private static final List<DateTimeFormatter> DATES =
      List.of(
          dates("EEE, d MMM ", "uuuu", " HH:mm:ss zzz"),
          dates("EEEE, dd-MMM-", null, " HH:mm:ss zzz"),
          dates("EEE MMM ppd HH:mm:ss ", "uuuu", ""));

  private static DateTimeFormatter dates(String before, String year, String behind) {
    var builder = new DateTimeFormatterBuilder().parseCaseInsensitive().appendPattern(before);
    if (year != null) {
      builder.appendPattern(year);
    } else { // of two digits
      builder.appendValueReduced(ChronoField.YEAR, 2, 2, 1970);
    }
    return builder.appendPattern(behind).toFormatter(Locale.ENGLISH).withZone(ZoneOffset.UTC);
  }

  private static Optional<Instant> date(String value) {
    for (var form : DATES) {
      try {
        return Optional.of(Instant.from(form.parse(value.strip())));
      } catch (DateTimeException e) {
        continue; // the next form
      }
    }
    return Optional.empty();
  }

  /** The status of an HTTP answer in a JSON value, or 0. */
  static int statusCode(JsonNode value, int least) {
    try {
      int code = new BigDecimal(scalar(value)).intValue();
      return code >= least && code <= 999 ? code : 0;
    } catch (NumberFormatException e) {
      return 0;
    }
  }
}
