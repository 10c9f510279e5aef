package background;

import java.net.URI;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The values of the header {@code erp-api-background}: who is told of the end. */
public final class Notify {
  private Notify() {}

  /** Nobody. */
  public static final String NONE = "none";

  private static final Pattern RESERVED =
      Pattern.compile(
          "x-vwd-.*|content-.*|host|authorization|connection|transfer-encoding|te|trailer|upgrade"
              + "|keep-alive|proxy-.*",
          Pattern.CASE_INSENSITIVE);

  /** Has a notification posted to an address. Keep a secret part in its path. */
  public static String url(String address) {
    var problem =
        new IllegalArgumentException(
            "the address of a webhook: want https://, without a user and without blanks");
    if (!address.matches("[!-~]+")) {
      throw problem;
    }
    URI url;
    try {
      url = URI.create(address);
    } catch (IllegalArgumentException e) {
      throw problem;
    }
    var scheme = Optional.ofNullable(url.getScheme()).orElse("").toLowerCase(Locale.ROOT);
    var host = Optional.ofNullable(url.getHost()).orElse("").toLowerCase(Locale.ROOT);
    boolean here = Set.of("127.0.0.1", "[::1]", "localhost").contains(host);
    if (host.isEmpty()
        || url.getRawUserInfo() != null
        || !(scheme.equals("https") || (scheme.equals("http") && here))) {
      throw problem;
    }
    return address;
  }

  /** Has the subscription of the application notified. */
  public static String subscription() {
    return "subscription";
  }

  /**
   * Has the subscription of the application notified. Each pair comes back as a header of the
   * notification, unsigned: it may help to find your order, and proves nothing.
   */
  public static String subscription(List<Map.Entry<String, String>> pairs) {
    var names = new HashSet<String>();
    for (var pair : pairs) {
      var name = pair.getKey();
      if (!name.matches("[a-zA-Z0-9-]+")
          || RESERVED.matcher(name).matches()
          || !names.add(name.toLowerCase(Locale.ROOT))) {
        throw new IllegalArgumentException(
            "the pair "
                + name
                + " of a subscription: want names of letters, digits and dashes, each once, and"
                + " none that HTTP or the sender uses");
      }
      if (!pair.getValue().matches("[!-~]([ -~]*[!-~])?") || pair.getValue().contains(",")) {
        throw new IllegalArgumentException(
            "the pair "
                + name
                + " of a subscription: want a value of visible ASCII without commas");
      }
    }
    return pairs.isEmpty()
        ? subscription()
        : pairs.stream()
            .map(pair -> pair.getKey() + "=" + pair.getValue())
            .collect(Collectors.joining(",", "subscription:", ""));
  }
}
