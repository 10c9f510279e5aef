using System;
using System.Linq;
using System.Threading.Tasks;
using Background;
using Erp;

/// <summary>Creates an invoice in the background: mono build/create-invoice.exe http://127.0.0.1:8787</summary>
public static class CreateInvoice
{
    public static async Task<string> Create(string baseUrl, string file)
    {
        var line = new CustomerInvoiceUpdateLine
        {
            Operation = LineOperation.Insert,
            InventoryNumber = new StringValue { Value = "SYK-01" },
            Quantity = new NumberValue { Value = 2.5m },
        };
        var invoice = new CustomerInvoiceUpdate
        {
            CustomerNumber = new StringValue { Value = "10045" },
            DocumentDate = new DateValue { Value = "2026-09-01" },
            InvoiceLines = new[] { line },
        };
        using (var journal = new FileJournal(file))
        {
            // And Token = new Tokens { … }.Get for the real ERP.
            var background = new BackgroundClient(new Settings { BaseUrl = baseUrl, Journal = journal });
            var outcome = await background.Submit(
                "order-4711", erp => erp.CreateCustomerInvoiceAsync(Notify.None, null, null, null, invoice));
            if (outcome.Kind == OutcomeKind.Accepted)
                outcome = await background.Await(outcome.Operation, TimeSpan.FromMinutes(5));
            switch (outcome.Kind)
            {
                case OutcomeKind.Succeeded:
                    return "created " + outcome.Header("location");
                case OutcomeKind.Failed:
                case OutcomeKind.Refused:
                    return "not created: " + outcome.Message;
                default: // never submit it again: look whether it is there
                    return "look for order-4711 in the ERP: " + outcome.Message;
            }
        }
    }

    public static int Main(string[] args)
    {
        if (args.Length != 1)
        {
            Console.Error.WriteLine("want the address of erpmock, such as http://127.0.0.1:8787");
            return 2;
        }
        Console.WriteLine(Create(args.Single(), "journal").GetAwaiter().GetResult());
        return 0;
    }
}
