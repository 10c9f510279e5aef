package background;

import java.net.http.HttpHeaders;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * An answer as it came.
 *
 * @param broken the body ended before its end; what there is of it may still name an id
 */
public record Answer(int status, HttpHeaders headers, byte[] body, boolean broken) {
  String header(String name) {
    return headers.firstValue(name).orElse("");
  }

  String text() {
    return Read.text(body, header("Content-Type"));
  }

  /** Null if there is no body. */
  Content content() {
    return body.length > 0 ? new Content(header("Content-Type"), body) : null;
  }

  /** The headers, their names in lower case. */
  Map<String, List<String>> named() {
    var named = new TreeMap<String, List<String>>();
    headers.map().forEach((name, values) -> named.put(name.toLowerCase(Locale.ROOT), values));
    return named;
  }
}
