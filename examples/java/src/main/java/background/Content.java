package background;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;

/** The body of an answer. Not each is JSON: look at {@code type}. */
public record Content(String type, byte[] body) {
  public String text() {
    return Read.text(body, type);
  }

  /** The content as JSON, its numbers with all of their digits. */
  public JsonNode json() throws JsonProcessingException {
    return Json.MAPPER.readTree(text());
  }

  /** The content as a generated type, such as {@code CustomerInvoice[].class}. */
  public <T> T as(Class<T> type) throws JsonProcessingException {
    return Json.MAPPER.readValue(text(), type);
  }
}
