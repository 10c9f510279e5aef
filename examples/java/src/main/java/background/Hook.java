package background;

import com.sun.net.httpserver.HttpHandler;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Optional;

/**
 * Where notifications are received: verified, stored, and only then acknowledged.
 *
 * @param path in URL mode, where nothing is signed, it has to hold a secret
 * @param keys those of the subscription, the newest first; null where nothing is signed
 */
public record Hook(String path, List<String> keys, Store store) {
  /** Bytes of a notification. */
  private static final int LARGEST = 1 << 20;

  private static final System.Logger LOG = System.getLogger(Hook.class.getName());

  /** Where notifications are kept, which may come many times. */
  @FunctionalInterface
  public interface Store {
    /**
     * Returns once it cannot get lost, and throws if it may be.
     *
     * @param id of its operation, empty if none was found
     */
    void put(String id, String body) throws Exception;
  }

  /**
   * Takes the body as it came and the header {@code x-vwd-signature-v1}, and returns the status to
   * answer with. What gets a 2xx never comes again, anything else does.
   */
  public int receive(byte[] body, String signature) {
    if (keys != null
        && Notification.signedBy(keys, body, Optional.ofNullable(signature).orElse("")) < 0) {
      return 401;
    }
    var text = Read.utf8(body);
    try {
      store.put(Notification.of(text).id().orElse(""), text);
    } catch (Exception e) {
      LOG.log(Level.WARNING, "a notification could not be stored, and comes again", e);
      return 503;
    }
    return 202;
  }

  /** The hook for the JDK's HttpServer. In a framework call {@code receive}. */
  public HttpHandler handler() {
    return exchange -> {
      try (exchange) {
        int status = 404;
        if (exchange.getRequestURI().getPath().equals(path)) {
          status = 405;
          if (exchange.getRequestMethod().equals("POST")) {
            var body = exchange.getRequestBody().readNBytes(LARGEST + 1);
            var signature = exchange.getRequestHeaders().getFirst("x-vwd-signature-v1");
            status = body.length > LARGEST ? 413 : receive(body, signature);
          }
        }
        exchange.sendResponseHeaders(status, -1);
      } catch (IOException e) {
        LOG.log(Level.DEBUG, "a sender broke off", e);
      }
    };
  }
}
