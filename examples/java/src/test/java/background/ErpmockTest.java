package background;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import background.Outcome.Accepted;
import background.Outcome.Ended;
import background.Outcome.Failed;
import background.Outcome.Succeeded;
import background.Outcome.Uncertain;
import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpServer;
import erp.api.CustomerInvoiceApi;
import erp.api.CustomerInvoiceApi.APIListCustomerInvoicesRequest;
import erp.model.CustomerInvoice;
import erp.model.CustomerInvoiceUpdate;
import erp.model.CustomerInvoiceUpdateLine;
import erp.model.DateValue;
import erp.model.LineOperation;
import erp.model.NumberValue;
import erp.model.StringValue;
import example.CreateInvoice;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.math.BigDecimal;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * These run against erpmock, which stands in for the ERP: in ERPMOCK, or found like any program.
 */
class ErpmockTest {
  private static Process mock;
  private static String root;

  @BeforeAll
  static void start() throws IOException {
    var program = Optional.ofNullable(System.getenv("ERPMOCK")).orElse("erpmock");
    try {
      mock =
          new ProcessBuilder(program, "--listen", "127.0.0.1:0", "--quiet", "--exec-time", "20ms")
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
    } catch (IOException e) {
      throw new IOException(
          "no "
              + program
              + ": go install github.com/vismanet-go/background/mockserver/cmd/erpmock@latest",
          e);
    }
    var out =
        new BufferedReader(new InputStreamReader(mock.getInputStream(), StandardCharsets.UTF_8));
    var words = out.readLine().split(" "); // erpmock listens on http://127.0.0.1:40123
    root = words[words.length - 1];
  }

  @AfterAll
  static void stop() {
    if (mock != null) {
      mock.destroy();
    }
  }

  /** A company of its own, so that tests do not disturb each other. */
  private static final class Company {
    private static final Duration HOUR = Duration.ofHours(1);
    private final String id;
    private final Background background;

    Company(String id, Poll poll) {
      this.id = id;
      var http = Transport.http(HOUR);
      background =
          Background.at(root)
              .poll(poll)
              .transport(
                  (request, timeout) ->
                      http.send(
                          HttpRequest.newBuilder(request, (name, value) -> true)
                              .header("ipp-company-id", id)
                              .build(),
                          timeout))
              .build();
    }

    Company(String id) {
      this(id, new Poll(Duration.ofMillis(10), 1.5, Duration.ofMillis(100)));
    }

    JsonNode control(String method, String path, String body) throws Exception {
      var request =
          HttpRequest.newBuilder(URI.create(root + "/__mock/v1" + path))
              .header("Content-Type", "application/json")
              .method(method, HttpRequest.BodyPublishers.ofString(body))
              .build();
      var answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
      assertEquals(2, answer.statusCode() / 100, method + " " + path + ": " + answer.body());
      return Json.MAPPER.readTree(answer.body());
    }

    Ended run(Call call) throws Exception {
      var submitted = assertInstanceOf(Accepted.class, background.submit("order-1", call));
      return background.await(submitted.operation(), HOUR);
    }
  }

  private static Call create(String notify, String price) {
    var line =
        new CustomerInvoiceUpdateLine()
            .operation(LineOperation.INSERT)
            .inventoryNumber(new StringValue().value("SYK-01"))
            .quantity(new NumberValue().value(new BigDecimal("2")))
            .unitPriceInCurrency(new NumberValue().value(new BigDecimal(price)));
    var invoice =
        new CustomerInvoiceUpdate()
            .customerNumber(new StringValue().value("10045"))
            .documentDate(new DateValue().value("2026-09-01"))
            .addInvoiceLinesItem(line);
    return erp ->
        new CustomerInvoiceApi(erp).createCustomerInvoice(notify, invoice, null, null, null);
  }

  @Test
  void theExampleCreatesAnInvoiceOnce(@TempDir Path folder) throws Exception {
    for (int i = 0; i < 2; i++) {
      var said = CreateInvoice.createInvoice(root, folder.resolve("journal"));
      assertTrue(said.matches("created http.*/v1/customerinvoice/003549"), said);
    }
  }

  @Test
  void anInvoiceIsCreatedAndItsNumberTold() throws Exception {
    var end = assertInstanceOf(Succeeded.class, new Company("1").run(create("none", "1")));
    var location = end.headers().get("location").get(0);
    assertTrue(location.matches(".*/\\d+"), location);
  }

  @Test
  void amountsKeepTheirDigitsBothWays() throws Exception {
    var company = new Company("2");
    company.run(create("none", "1234567890123456E-9"));
    company.run(create("none", "1")); // the same key: not sent
    var journal = company.control("GET", "/journal?company=2&kind=request", "");
    var sent = journal.at("/entries/0/request/body").asText();
    assertTrue(sent.contains("\"unitPriceInCurrency\":{\"value\":1234567.890123456}"), sent);

    var list =
        new Company("2")
            .run(
                erp ->
                    new CustomerInvoiceApi(erp)
                        .listCustomerInvoices(
                            APIListCustomerInvoicesRequest.newBuilder()
                                .erpApiBackground("none")
                                .pageSize(3)
                                .build()));
    var invoices = assertInstanceOf(Succeeded.class, list).content().as(CustomerInvoice[].class);
    assertEquals(3, invoices.length);
    Arrays.stream(invoices).forEach(invoice -> assertTrue(invoice.getAmount().signum() > 0));
  }

  @Test
  void anEndThatTheErpRefusedIsAFailureWithItsMessage() throws Exception {
    var change = new CustomerInvoiceUpdate().note(new StringValue().value("x"));
    var end =
        new Company("3")
            .run(
                erp ->
                    new CustomerInvoiceApi(erp)
                        .updateCustomerInvoice("nobody", "none", change, null, null, null, null));
    var failed = assertInstanceOf(Failed.class, end);
    assertEquals(404, failed.statusCode());
    assertTrue(!failed.message().isEmpty(), "want a message");
  }

  @Test
  void aLostAnswerIsUncertainAndNothingIsSentAgain() throws Exception {
    var company = new Company("4");
    company.control(
        "POST",
        "/faults",
        """
        {"rules": [{"on": "intake", "company": "4", "do": {"process": true, "drop": true}}]}
        """);
    for (int i = 0; i < 2; i++) {
      assertInstanceOf(Uncertain.class, company.background.submit("order-1", create("none", "1")));
    }
    company.control(
        "POST",
        "/verify",
        """
        {"expectations": [{"request": {"company": "4", "method": "POST"}, "times": 1}]}
        """);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aWebhookWakesTheWait(boolean signed) throws Exception {
    var hour = Duration.ofHours(1);
    var company = new Company(signed ? "6" : "5", new Poll(hour, 1, hour)); // or the test hangs
    List<String> told = Collections.synchronizedList(new ArrayList<>());
    Hook.Store store =
        (id, body) -> {
          told.add(id);
          company.background.notified(id);
        };
    var server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/hook/4bTq9", new Hook("/hook/4bTq9", null, store).handler());
    server.createContext("/signed", new Hook("/signed", List.of("whsec"), store).handler());
    server.start();
    try {
      var address = "http://127.0.0.1:" + server.getAddress().getPort();
      company.control(
          "PUT",
          "/subscription?company=" + company.id,
          Json.MAPPER.writeValueAsString(
              Map.of("url", address + "/signed", "signingKey", "whsec")));
      var notify =
          signed
              ? Notify.subscription(List.of(Map.entry("order", "4711")))
              : Notify.url(address + "/hook/4bTq9");
      assertInstanceOf(Succeeded.class, company.run(create(notify, "1")));
      var forged =
          HttpRequest.newBuilder(URI.create(address + "/signed"))
              .header("x-vwd-signature-v1", "x")
              .POST(HttpRequest.BodyPublishers.ofString("{}"))
              .build();
      var answer = HttpClient.newHttpClient().send(forged, HttpResponse.BodyHandlers.discarding());
      assertEquals(401, answer.statusCode());
    } finally {
      server.stop(0);
    }
    assertEquals(1, told.size(), "notifications: " + told);
  }
}
