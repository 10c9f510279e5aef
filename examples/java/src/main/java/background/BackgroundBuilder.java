package background;

import java.net.URI;
import java.time.Duration;

/** The settings of {@link Background}. */
public final class BackgroundBuilder {
  final String baseUrl;
  Token token;
  Journal journal = Journal.inMemory();
  Poll poll = Poll.DEFAULT;
  Duration timeout = Duration.ofMinutes(1);
  Clock clock = Clock.REAL;
  private Transport transport;

  BackgroundBuilder(String baseUrl) {
    var uri = URI.create(baseUrl);
    if (uri.getScheme() == null || uri.getHost() == null) {
      throw new IllegalArgumentException("baseUrl: want https://host/path, not " + baseUrl);
    }
    this.baseUrl = baseUrl.replaceAll("/+$", "");
  }

  /** Default: calls carry no token. */
  public BackgroundBuilder token(Token token) {
    this.token = token;
    return this;
  }

  /** Default: in memory, and a crash forgets what was submitted. */
  public BackgroundBuilder journal(Journal journal) {
    this.journal = journal;
    return this;
  }

  /** Default: after 2 s, then each time half as long again, at most a minute. */
  public BackgroundBuilder poll(Poll poll) {
    this.poll = poll;
    return this;
  }

  /** When a call without an answer has failed. Default: a minute. */
  public BackgroundBuilder timeout(Duration timeout) {
    this.timeout = timeout;
    return this;
  }

  /** Default: the real time. */
  public BackgroundBuilder clock(Clock clock) {
    this.clock = clock;
    return this;
  }

  /** Default: {@link Transport#http}. */
  public BackgroundBuilder transport(Transport transport) {
    this.transport = transport;
    return this;
  }

  public Background build() {
    return new Background(this, transport != null ? transport : Transport.http(timeout));
  }
}
