package background;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Collectors;

/** Gets tokens by client credentials: one request for all who wait, anew before it runs out. */
public final class Tokens implements Token {
  /**
   * The credentials of an application.
   *
   * @param tokenUrl {@code https://connect.visma.com/connect/token} for the vendor's
   * @param tenantId that of the company; with that of the customer a token is given, which the ERP
   *     then refuses
   */
  public record Credentials(
      String tokenUrl, String clientId, String clientSecret, String tenantId, String scope) {}

  private static final Duration TIMEOUT = Duration.ofSeconds(30);

  private final Credentials credentials;
  // It follows no redirects: the secret goes nowhere else.
  private final Transport transport = Transport.http(TIMEOUT);
  private volatile int asked;
  private String token = "";
  private long until = System.nanoTime();

  public Tokens(Credentials credentials) {
    this.credentials = credentials;
  }

  @Override
  public String get(boolean renew) throws IOException, InterruptedException {
    int before = asked;
    synchronized (this) {
      boolean fresh = asked > before; // somebody else asked meanwhile
      if (!fresh && (renew || System.nanoTime() - until >= 0)) {
        ask();
      }
      return token;
    }
  }

  private void ask() throws IOException, InterruptedException {
    var form =
        Map.of(
            "grant_type", "client_credentials",
            "client_id", credentials.clientId(),
            "client_secret", credentials.clientSecret(),
            "tenant_id", credentials.tenantId(),
            "scope", credentials.scope());
    var body =
        form.entrySet().stream()
            .map(e -> e.getKey() + "=" + URLEncoder.encode(e.getValue(), StandardCharsets.UTF_8))
            .collect(Collectors.joining("&"));
    var request =
        HttpRequest.newBuilder(URI.create(credentials.tokenUrl()))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build();
    var answer = transport.send(request, TIMEOUT);
    var known = Read.fields(answer.text()).orElse(Map.of());
    var given = Read.scalar(known.get("access_token"));
    if (answer.status() / 100 != 2 || given.isEmpty()) {
      throw new IOException(
          "the token endpoint answered "
              + answer.status()
              + ": "
              + ErrorText.of(answer.text()).message());
    }
    double seconds =
        Read.numbers(Read.scalar(known.get("expires_in")))
            .findFirst()
            .map(Number::doubleValue)
            .orElse(3600.0);
    until = System.nanoTime() + (long) ((seconds - Math.min(60, seconds / 10)) * 1e9);
    token = given;
    asked++;
  }
}
