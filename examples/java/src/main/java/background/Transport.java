package background;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.ConnectException;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLHandshakeException;

/** Sends a request once, and follows no redirect. */
public interface Transport {
  /**
   * Returns the answer, whatever it is, with as much of its body as came in time.
   *
   * @throws NotSentException if certainly nothing left
   * @throws IOException if no answer came
   */
  Answer send(HttpRequest request, Duration timeout) throws IOException, InterruptedException;

  /** The JDK's client, which by itself sends only a GET again. */
  static Transport http(Duration connectTimeout) {
    var http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(connectTimeout)
            .build();
    return (request, timeout) -> {
      var body = new Collector();
      var response = http.sendAsync(request, body);
      Throwable failure;
      try {
        response.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
        return body.answer(false);
      } catch (ExecutionException e) {
        failure = e.getCause();
      } catch (TimeoutException e) {
        failure = e;
      } finally {
        response.cancel(true); // which does nothing to one that is complete
      }
      if (body.info != null) {
        return body.answer(true);
      }
      if (failure instanceof ConnectException
          || failure instanceof HttpConnectTimeoutException
          || failure instanceof SSLHandshakeException) {
        throw new NotSentException("no connection: " + failure, failure);
      }
      throw new IOException("no answer: " + failure, failure);
    };
  }

  /** Collects a body, and keeps what there is of one that breaks off. */
  final class Collector
      implements HttpResponse.BodyHandler<Void>, HttpResponse.BodySubscriber<Void> {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final CompletableFuture<Void> end = new CompletableFuture<>();
    private volatile HttpResponse.ResponseInfo info;
    private Flow.Subscription subscription;

    @Override
    public HttpResponse.BodySubscriber<Void> apply(HttpResponse.ResponseInfo info) {
      this.info = info;
      return this;
    }

    Answer answer(boolean broken) {
      return new Answer(info.statusCode(), info.headers(), bytes.toByteArray(), broken);
    }

    @Override
    public CompletionStage<Void> getBody() {
      return end;
    }

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
      this.subscription = subscription;
      subscription.request(Long.MAX_VALUE);
    }

    @Override
    public void onNext(List<ByteBuffer> parts) {
      for (var part : parts) {
        var next = new byte[part.remaining()];
        part.get(next);
        bytes.writeBytes(next);
      }
      if (bytes.size() > Calls.LARGEST) {
        subscription.cancel();
        end.completeExceptionally(new IOException("the body is too large"));
      }
    }

    @Override
    public void onError(Throwable failure) {
      end.completeExceptionally(failure);
    }

    @Override
    public void onComplete() {
      end.complete(null);
    }
  }
}
