package background;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What an answer says to a request that was to run in the background.
 *
 * @param id of what was accepted, else empty
 * @param why it is uncertain, else empty
 */
record Judgement(Verdict verdict, String id, String why) {
  enum Verdict {
    ACCEPTED,
    /** It ran at once. */
    FOREGROUND,
    REFUSED,
    /** Not taken; once more with a fresh token. */
    UNAUTHORIZED,
    /** Not taken; later. */
    LIMITED,
    /** It may have been taken: never to be sent again. */
    UNCERTAIN
  }

  private static final Pattern MEMBER =
      Pattern.compile("\"(\\w+)\"\\s*:\\s*(?:\"([^\"\\\\]*)\"|(\\d+)(?=\\s*[,}]))");
  private static final Pattern JSON =
      Pattern.compile("json|^text/(plain|html|xml)|octet-stream", Pattern.CASE_INSENSITIVE);
  private static final Pattern COMMENTS =
      Pattern.compile("^\\s*((<\\?xml[^>]*\\?>|<!--.*?-->)\\s*)*", Pattern.DOTALL);
  private static final Pattern PAGE =
      Pattern.compile(
          "^<(!doctype html|html|head|body|title|meta|script)[\\s/>]", Pattern.CASE_INSENSITIVE);

  private static Judgement of(Verdict verdict) {
    return new Judgement(verdict, "", "");
  }

  private static Judgement accepted(String id) {
    return new Judgement(Verdict.ACCEPTED, id, "");
  }

  private static Judgement uncertain(String why) {
    return new Judgement(Verdict.UNCERTAIN, "", why);
  }

  /**
   * Judges an answer to a submit. A 202 is read as far as its body goes, for its id is the only way
   * to the outcome. A page of HTML, a part of a body or JSON that ends in the middle is nobody's
   * answer: a proxy may have spoken.
   */
  static Judgement of(Answer answer) {
    int status = answer.status();
    var body = answer.text();
    if (status == 202) {
      return acceptedId(answer, body)
          .map(Judgement::accepted)
          .orElseGet(() -> uncertain("answered 202 without a readable id"));
    }
    var queued = status >= 200 && status < 400 ? queuedId(answer, body) : Optional.<String>empty();
    if (queued.isPresent()) {
      return accepted(queued.get());
    }
    if (status >= 200 && status < 300) {
      var why = notWhole(answer, body);
      if (why.isEmpty() && isPage(answer, body)) {
        why = "answered with a page of HTML";
      }
      return why.isEmpty() ? of(Verdict.FOREGROUND) : uncertain(why);
    }
    if (status == 401) {
      return of(Verdict.UNAUTHORIZED);
    }
    if (status == 429) {
      return of(Verdict.LIMITED);
    }
    if (status == 408 || status >= 500 || status < 200) {
      return uncertain("answered " + status);
    }
    return of(Verdict.REFUSED);
  }

  /** The id in a 202: in its body, which may be broken, else in an address that it names. */
  private static Optional<String> acceptedId(Answer answer, String body) {
    var known = Read.fields(body).orElseGet(() -> pieces(body));
    return Read.identifier(known.get("id"))
        .or(() -> Read.identifier(known.get("jobid")))
        .or(() -> Read.idIn(Read.scalar(known.get("statelocation"))))
        .or(() -> Read.idIn(answer.header("Location")))
        .or(() -> Read.guid(body.strip().replace("\"", "")));
  }

  /** The id of an answer that names a state under another status, which a proxy gave it. */
  private static Optional<String> queuedId(Answer answer, String body) {
    var known = Read.fields(body).orElse(Map.of());
    return Read.idIn(Read.scalar(known.get("statelocation")))
        .or(() -> Read.idIn(answer.header("Location")))
        .map(
            at ->
                Read.identifier(known.get("id"))
                    .or(() -> Read.identifier(known.get("jobid")))
                    .orElse(at));
  }

  /** The members at the beginning of JSON that breaks off, before anything is nested in it. */
  private static Map<String, JsonNode> pieces(String body) {
    var open = body.strip();
    var flat = (open.startsWith("{") ? open.substring(1) : open).split("[{\\[]", 2)[0];
    var found = new HashMap<String, JsonNode>();
    MEMBER
        .matcher(flat)
        .results()
        .forEach(
            member -> {
              var value = member.group(2) != null ? member.group(2) : member.group(3);
              found.put(member.group(1).toLowerCase(Locale.ROOT), TextNode.valueOf(value));
            });
    return found;
  }

  /** Why a body is not all of an answer, or nothing. */
  static String notWhole(Answer answer, String body) {
    if (answer.broken()) {
      return "the body of the answer broke off";
    }
    if (answer.status() == 206 || answer.headers().firstValue("Content-Range").isPresent()) {
      return "answered with a part of a body";
    }
    var type = answer.header("Content-Type");
    var start = body.strip();
    if ((start.startsWith("{") || start.startsWith("["))
        && (type.isEmpty() || JSON.matcher(type).find())) {
      try {
        Json.MAPPER.readTree(body);
      } catch (JsonProcessingException e) {
        return "answered with JSON that cannot be read";
      }
    }
    return "";
  }

  /** Whether a body is a page of HTML, by its first characters or by its declared type. */
  static boolean isPage(Answer answer, String body) {
    var start = COMMENTS.matcher(body.substring(0, Math.min(body.length(), 4096))).replaceFirst("");
    if (PAGE.matcher(start).find()) {
      return true;
    }
    var type = answer.header("Content-Type").toLowerCase(Locale.ROOT);
    boolean html = type.startsWith("text/html") || type.startsWith("application/xhtml");
    return html && !start.isEmpty() && !start.startsWith("{") && !start.startsWith("[");
  }
}
