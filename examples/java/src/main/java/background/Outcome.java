package background;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/** How calls end. With Java 21 a {@code switch} over these has to look at each of them. */
public interface Outcome {
  /** What there is to say of it to people; empty if nothing. */
  String message();

  /** What became of a submit; {@link Succeeded} or {@link Failed} if the call ran at once. */
  @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "outcome")
  @JsonSubTypes({
    @JsonSubTypes.Type(value = Accepted.class, name = "accepted"),
    @JsonSubTypes.Type(value = Succeeded.class, name = "succeeded"),
    @JsonSubTypes.Type(value = Failed.class, name = "failed"),
    @JsonSubTypes.Type(value = Refused.class, name = "refused"),
    @JsonSubTypes.Type(value = Uncertain.class, name = "uncertain"),
  })
  sealed interface Submitted extends Outcome permits Accepted, Answered, Refused, Uncertain {}

  /** How an operation ended. */
  sealed interface Ended extends Outcome permits Answered, Expired, Unclear, Unreadable {}

  /** The call was answered, in the background or at once. */
  sealed interface Answered extends Submitted, Ended permits Succeeded, Failed {
    int statusCode();

    /** Their names are in lower case; the location of what was created ends in its number. */
    Map<String, List<String>> headers();

    /** Null if there is none. */
    Content content();
  }

  /**
   * A call that the ERP has accepted. Keep it: with it anybody can await the outcome.
   *
   * @param action it is one of the ERP's actions, whose body tells whether it succeeded
   * @param pollFrom the ERP asked not to be polled before
   */
  record Operation(String id, Instant acceptedAt, boolean action, Instant pollFrom) {}

  record Accepted(Operation operation) implements Submitted {
    @Override
    public String message() {
      return "accepted as " + operation.id();
    }
  }

  /**
   * The call ended, and well: with {@code Finished} and a 2xx, or at once with a 2xx.
   *
   * @param message why there is no content, although the state told of some
   */
  record Succeeded(
      int statusCode, Map<String, List<String>> headers, Content content, String message)
      implements Answered {}

  /** The call ended otherwise. */
  record Failed(int statusCode, Map<String, List<String>> headers, Content content, String message)
      implements Answered {}

  /**
   * Certainly not taken: it may be submitted again.
   *
   * @param statusCode 0 if there was no answer
   */
  record Refused(int statusCode, String message) implements Submitted {}

  /** Nobody knows whether it was taken. Never submit it again: look whether it is there. */
  record Uncertain(String message) implements Submitted {}

  /** The ERP no longer knows the operation; look what became of it. */
  record Expired(String message) implements Ended {}

  /** It ended in a way that nobody knows: look. */
  record Unclear(int statusCode, String message) implements Ended {}

  /** The ERP keeps refusing to tell: find out why, and await it again. */
  record Unreadable(int statusCode, String message) implements Ended {}

  /** What a 2xx means: success, unless an action's body says that it failed. */
  static Answered answered(
      boolean action,
      int statusCode,
      Map<String, List<String>> headers,
      Content content,
      String note) {
    var body =
        action && content != null
            ? Read.fields(content.text()).orElse(Map.of())
            : Map.<String, JsonNode>of();
    if (Read.scalar(body.get("actionresult")).equalsIgnoreCase("failed")) {
      return new Failed(statusCode, headers, content, Read.scalar(body.get("errorinfo")));
    }
    return new Succeeded(statusCode, headers, content, note);
  }
}
