package background;

import erp.ApiClient;
import erp.ApiException;
import java.net.http.HttpRequest;

/** A call of generated code, to be made with the client that is handed over. */
@FunctionalInterface
public interface Call {
  void with(ApiClient erp) throws ApiException;

  /** The request that the call would send. Nothing is sent. */
  static HttpRequest request(String baseUrl, Call call) {
    var erp = new ApiClient();
    erp.updateBaseUri(baseUrl);
    erp.setObjectMapper(
        erp.getObjectMapper()
            .enable(com.fasterxml.jackson.core.JsonGenerator.Feature.WRITE_BIGDECIMAL_AS_PLAIN));
    erp.setRequestInterceptor(
        builder -> {
          throw new Made(builder.build());
        });
    try {
      call.with(erp);
    } catch (Made made) {
      return made.request;
    } catch (ApiException e) {
      throw new IllegalArgumentException("submit: the request cannot be made", e);
    }
    throw new IllegalArgumentException("submit: want a call with the client that is handed over");
  }

  /** Ends a call of generated code as soon as its request is made. */
  final class Made extends RuntimeException {
    private static final long serialVersionUID = 1;
    private final transient HttpRequest request;

    private Made(HttpRequest request) {
      super(null, null, false, false);
      this.request = request;
    }
  }
}
