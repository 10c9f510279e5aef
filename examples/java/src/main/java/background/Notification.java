package background;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * What a notification tells. The id is a hint: read the state of the operation before you believe
 * anything.
 *
 * @param statusCode 0 if it tells none
 */
record Notification(Optional<String> id, int statusCode) {
  /**
   * Which of the keys has signed a body, -1 for none. Verify the bytes that came, before anything
   * is read of them.
   */
  static int signedBy(List<String> keys, byte[] body, String signature) {
    var given = signature.strip().getBytes(StandardCharsets.UTF_8);
    for (int i = 0; i < keys.size(); i++) {
      // MessageDigest.isEqual takes the same time wherever the first difference is.
      if (!keys.get(i).isEmpty() && MessageDigest.isEqual(sign(keys.get(i), body), given)) {
        return i;
      }
    }
    return -1;
  }

  private static byte[] sign(String key, byte[] body) {
    try {
      var mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(key.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
      return Base64.getEncoder().encode(mac.doFinal(body));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("each JDK has HmacSHA256", e);
    }
  }

  static Notification of(String body) {
    var outer = Read.fields(body).orElse(Map.of());
    var told = told(outer);
    if (told.id().isPresent()
        && (told.statusCode() > 0
            || outer.containsKey("statelocation")
            || outer.containsKey("contentlocation"))) {
      return told;
    }
    return Stream.of("data", "payload", "body") // an envelope
        .map(name -> told(Read.lowered(outer.get(name)).orElse(Map.of())))
        .filter(inner -> inner.id().isPresent())
        .map(
            inner ->
                inner.statusCode() > 0 ? inner : new Notification(inner.id(), told.statusCode()))
        .findFirst()
        .orElse(told);
  }

  private static Notification told(Map<String, JsonNode> known) {
    var named =
        Stream.of("id", "jobid", "referenceid", "reference")
            .map(name -> Read.guid(Read.scalar(known.get(name))));
    var located =
        Stream.of("statelocation", "contentlocation")
            .map(name -> Read.idIn(Read.scalar(known.get(name))).flatMap(Read::guid));
    var id = Stream.concat(named, located).flatMap(Optional::stream).findFirst();
    return new Notification(id, Read.statusCode(known.get("statuscode"), 100));
  }
}
