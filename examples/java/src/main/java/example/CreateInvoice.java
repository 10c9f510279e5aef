package example;

import background.Background;
import background.FileJournal;
import background.Notify;
import background.Outcome;
import background.Outcome.Accepted;
import background.Outcome.Failed;
import background.Outcome.Refused;
import background.Outcome.Succeeded;
import erp.api.CustomerInvoiceApi;
import erp.api.CustomerInvoiceApi.APICreateCustomerInvoiceRequest;
import erp.model.CustomerInvoiceUpdate;
import erp.model.CustomerInvoiceUpdateLine;
import erp.model.DateValue;
import erp.model.LineOperation;
import erp.model.NumberValue;
import erp.model.StringValue;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeoutException;

/** Creates an invoice in the background, where erpmock or the ERP listens. */
public final class CreateInvoice {
  private CreateInvoice() {}

  public static void main(String[] args) throws Exception {
    System.out.println(createInvoice(args[0], Path.of("journal")));
  }

  public static String createInvoice(String baseUrl, Path file)
      throws IOException, InterruptedException, TimeoutException {
    var line =
        new CustomerInvoiceUpdateLine()
            .operation(LineOperation.INSERT)
            .inventoryNumber(new StringValue().value("SYK-01"))
            .quantity(new NumberValue().value(new BigDecimal("2.5")));
    var invoice =
        new CustomerInvoiceUpdate()
            .customerNumber(new StringValue().value("10045"))
            .documentDate(new DateValue().value("2026-09-01"))
            .addInvoiceLinesItem(line);
    try (var journal = new FileJournal(file)) {
      var background =
          Background.at(baseUrl).journal(journal).build(); // .token(…) for the real ERP
      var submitted =
          background.submit(
              "order-4711",
              erp ->
                  new CustomerInvoiceApi(erp)
                      .createCustomerInvoice(
                          APICreateCustomerInvoiceRequest.newBuilder()
                              .erpApiBackground(Notify.NONE)
                              .customerInvoiceUpdate(invoice)
                              .build()));
      if (submitted instanceof Accepted accepted) {
        return told(background.await(accepted.operation(), Duration.ofMinutes(5)));
      }
      return told(submitted);
    }
  }

  private static String told(Outcome outcome) {
    if (outcome instanceof Succeeded succeeded) {
      return "created " + succeeded.headers().get("location").get(0);
    }
    if (outcome instanceof Failed || outcome instanceof Refused) {
      return "not created: " + outcome.message();
    }
    // Never submit it again: look whether it is there.
    return "look for order-4711 in the ERP: " + outcome.message();
  }
}
