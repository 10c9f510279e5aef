using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Background;
using Erp;
using Newtonsoft.Json.Linq;
using NUnit.Framework;

/// <summary>These run against erpmock, which stands in for the ERP: in ERPMOCK, or found like any program.</summary>
[TestFixture]
public class ErpmockTest
{
    static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    Process mock;
    string root;

    [TestFixtureSetUp]
    public void Start()
    {
        var program = Environment.GetEnvironmentVariable("ERPMOCK") ?? "erpmock";
        try
        {
            mock = Process.Start(new ProcessStartInfo(program, "--listen 127.0.0.1:0 --quiet --exec-time 20ms")
            {
                UseShellExecute = false,
                RedirectStandardOutput = true,
            });
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new IOException(
                $"no {program}: go install github.com/vismanet-go/background/mockserver/cmd/erpmock@latest", e);
        }
        root = mock.StandardOutput.ReadLine().Split(' ').Last(); // erpmock listens on http://127.0.0.1:40123
    }

    [TestFixtureTearDown]
    public void Stop()
    {
        mock?.Kill();
    }

    /// <summary>A company of its own, so that tests do not disturb each other.</summary>
    sealed class Company : ITransport
    {
        readonly string root;
        readonly string id;
        readonly HttpTransport http = new HttpTransport(Hour);
        public readonly BackgroundClient Background;

        public Company(string root, string id, Poll poll = null)
        {
            this.root = root;
            this.id = id;
            poll = poll ?? new Poll { First = TimeSpan.FromMilliseconds(10), Longest = TimeSpan.FromMilliseconds(100) };
            Background = new BackgroundClient(new Settings { BaseUrl = root, Poll = poll, Transport = this });
        }

        public Task<Answer> Send(Request request, CancellationToken cancel)
        {
            request.Headers.Add(new KeyValuePair<string, string>("ipp-company-id", id));
            return http.Send(request, cancel);
        }

        public async Task<JToken> Control(string method, string path, string body = null)
        {
            var request = new Request { Method = method, Url = root + "/__mock/v1" + path };
            if (body != null)
                request.Body = Encoding.UTF8.GetBytes(body);
            request.Headers.Add(new KeyValuePair<string, string>("Content-Type", "application/json"));
            var answer = await http.Send(request, CancellationToken.None);
            Assert.AreEqual(2, answer.Status / 100, method + " " + path + ": " + answer.Text());
            return Json.Parse(answer.Text());
        }

        public async Task<Outcome> Run(Func<ErpClient, Task> call)
        {
            var submitted = await Background.Submit("order-1", call);
            Assert.AreEqual(OutcomeKind.Accepted, submitted.Kind, submitted.Message);
            return await Background.Await(submitted.Operation, Hour);
        }
    }

    static Func<ErpClient, Task> Create(string notify, decimal price)
    {
        var invoice = new CustomerInvoiceUpdate
        {
            CustomerNumber = new StringValue { Value = "10045" },
            DocumentDate = new DateValue { Value = "2026-09-01" },
            InvoiceLines = new[]
            {
                new CustomerInvoiceUpdateLine
                {
                    Operation = LineOperation.Insert,
                    InventoryNumber = new StringValue { Value = "SYK-01" },
                    Quantity = new NumberValue { Value = 2 },
                    UnitPriceInCurrency = new NumberValue { Value = price },
                },
            },
        };
        return erp => erp.CreateCustomerInvoiceAsync(notify, null, null, null, invoice);
    }

    [Test]
    public async Task TheExampleCreatesAnInvoiceOnce()
    {
        var journal = Path.GetTempFileName();
        for (var i = 0; i < 2; i++)
            StringAssert.IsMatch("^created http.*/v1/customerinvoice/003549$", await CreateInvoice.Create(root, journal));
        File.Delete(journal);
    }

    [Test]
    public async Task AmountsKeepTheirDigitsBothWays()
    {
        var company = new Company(root, "2");
        var created = await company.Run(Create("none", 1234567.890123456m));
        StringAssert.IsMatch(@"/\d+$", created.Header("location"));
        await company.Run(Create("none", 1)); // the same key: not sent
        var journal = await company.Control("GET", "/journal?company=2&kind=request");
        StringAssert.Contains("\"unitPriceInCurrency\":{\"value\":1234567.890123456}",
            (string)journal.SelectToken("entries[0].request.body"));

        var invoices = (await new Company(root, "2").Run(List)).Content.As<List<CustomerInvoice>>();
        Assert.AreEqual(3, invoices.Count);
        Assert.That(invoices.Select(invoice => invoice.Amount), Is.All.GreaterThan(0m));
    }

    static Task List(ErpClient erp)
    {
        // Its parameters are 34 in a row, all but the first optional.
        var method = typeof(ErpClient).GetMethods().First(one => one.Name == "ListCustomerInvoicesAsync");
        var values = method.GetParameters().Select(one =>
            one.Name == "erp_api_background" ? "none" : one.Name == "pageSize" ? (object)3 : null);
        return (Task)method.Invoke(erp, values.ToArray());
    }

    [Test]
    public async Task AnEndThatTheErpRefusedIsAFailureWithItsMessage()
    {
        var change = new CustomerInvoiceUpdate { Note = new StringValue { Value = "x" } };
        var end = await new Company(root, "3").Run(
            erp => erp.UpdateCustomerInvoiceAsync("nobody", "none", null, null, null, null, change));
        Assert.AreEqual(OutcomeKind.Failed, end.Kind);
        Assert.AreEqual(404, end.StatusCode);
        Assert.IsNotEmpty(end.Message);
    }

    [Test]
    public async Task ALostAnswerIsUncertainAndNothingIsSentAgain()
    {
        var company = new Company(root, "4");
        await company.Control("POST", "/faults",
            @"{""rules"": [{""on"": ""intake"", ""company"": ""4"", ""do"": {""process"": true, ""drop"": true}}]}");
        for (var i = 0; i < 2; i++)
            Assert.AreEqual(OutcomeKind.Uncertain, (await company.Background.Submit("order-1", Create("none", 1))).Kind);
        await company.Control("POST", "/verify",
            @"{""expectations"": [{""request"": {""company"": ""4"", ""method"": ""POST""}, ""times"": 1}]}");
    }

    [TestCase(false, "5")]
    [TestCase(true, "6")]
    public async Task AWebhookWakesTheWait(bool signed, string id)
    {
        var company = new Company(root, id, new Poll { First = Hour, Longest = Hour }); // or the test hangs
        var told = new List<string>();
        Action<string, string> store = (operation, body) =>
        {
            lock (told)
                told.Add(operation);
            company.Background.Notified(operation);
        };
        var address = "http://127.0.0.1:" + FreePort();
        using (var listener = new HttpListener())
        {
            listener.Prefixes.Add(address + "/");
            listener.Start();
            var served = Hook.Serve(listener,
                new Hook { Path = "/hook/4bTq9", Store = store },
                new Hook { Path = "/signed", Store = store, Keys = new[] { "whsec" } });
            await company.Control("PUT", "/subscription?company=" + id,
                $@"{{""url"": ""{address}/signed"", ""signingKey"": ""whsec""}}");
            var notify = signed
                ? Notify.Subscription(new KeyValuePair<string, string>("order", "4711"))
                : Notify.Url(address + "/hook/4bTq9");
            Assert.AreEqual(OutcomeKind.Succeeded, (await company.Run(Create(notify, 1))).Kind);
            using (var http = new HttpClient())
            {
                var forged = new StringContent("{}");
                forged.Headers.TryAddWithoutValidation("x-vwd-signature-v1", "x");
                Assert.AreEqual(401, (int)(await http.PostAsync(address + "/signed", forged)).StatusCode);
                Assert.AreEqual(404, (int)(await http.PostAsync(address + "/hook", new StringContent("{}"))).StatusCode);
            }
            listener.Stop();
            await served;
        }
        Assert.AreEqual(1, told.Count, "notifications");
    }

    static int FreePort()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        return port;
    }
}
