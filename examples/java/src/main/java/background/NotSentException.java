package background;

import java.io.IOException;

/** Nothing was sent: the work may be submitted again. */
public final class NotSentException extends IOException {
  private static final long serialVersionUID = 1;

  public NotSentException(String message, Throwable cause) {
    super(message, cause);
  }
}
