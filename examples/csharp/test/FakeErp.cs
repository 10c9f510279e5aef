using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Background;

/// <summary>An ERP that gives set answers, one after the other, the last one for ever.</summary>
sealed class FakeErp : ITransport
{
    public const string Root = "https://erp.test/api";
    public const string Id = "2f6f0a57-3c43-4d0e-9d0b-6c1f1d3a7b10";

    public static readonly Func<Answer> Accepted = Says(202, "{\"id\":\"" + Id + "\"}");
    public static readonly Func<Answer> Started = State("\"status\":\"Started\",\"statusCode\":0");
    public static readonly Func<Answer> Finished = State("\"status\":\"Finished\",\"statusCode\":200");
    public static readonly Func<Answer> WithContent =
        State("\"status\":\"Finished\",\"statusCode\":200,\"hasResponseContent\":true");

    public readonly VirtualClock Clock = new VirtualClock();
    public readonly List<string> Calls = new List<string>();
    public readonly List<double> Times = new List<double>();
    public readonly List<string> Authorizations = new List<string>();
    public readonly BackgroundClient Background;
    readonly List<Func<Answer>> answers;

    public FakeErp(params Func<Answer>[] answers) : this(settings => { }, answers)
    {
    }

    public FakeErp(Action<Settings> change, params Func<Answer>[] answers)
    {
        this.answers = answers.ToList();
        var poll = new Poll { First = TimeSpan.FromSeconds(1), Factor = 2 };
        var settings = new Settings { BaseUrl = Root, Clock = Clock, Transport = this, Poll = poll };
        change(settings);
        Background = new BackgroundClient(settings);
    }

    public static Func<Answer> State(string members)
    {
        return Says(200, "{\"id\":\"" + Id + "\"," + members + "}");
    }

    public static Func<Answer> Says(int status, string body, params string[] headers)
    {
        var answer = new Answer { Status = status, Body = Encoding.UTF8.GetBytes(body) };
        for (var i = 0; i < headers.Length; i += 2)
            answer.Headers[headers[i]] = new List<string> { headers[i + 1] };
        return () => answer;
    }

    public static Func<Answer> Broken(int status, string body)
    {
        return () => new Answer { Status = status, Body = Encoding.UTF8.GetBytes(body), Broken = true };
    }

    public static Func<Answer> Fails(Exception failure)
    {
        return () => { throw failure; };
    }

    public double Elapsed => Clock.Now.ToUnixTimeMilliseconds() / 1000.0;

    public Task<Answer> Send(Request request, CancellationToken cancel)
    {
        Calls.Add(request.Method + " " + request.Url.Replace(Root, ""));
        Times.Add(Elapsed);
        Authorizations.Add(request.Headers.FirstOrDefault(header => header.Key == "Authorization").Value);
        var next = answers[0];
        if (answers.Count > 1)
            answers.RemoveAt(0);
        return Task.Run(next);
    }

    public static Request Post(string url = Root + "/v2/customerinvoice")
    {
        var request = new Request { Method = "POST", Url = url, Body = Encoding.UTF8.GetBytes("{}") };
        request.Headers.Add(new KeyValuePair<string, string>("erp-api-background", "none"));
        return request;
    }

    public Task<Outcome> Submit(string key = "order-1", CancellationToken cancel = default(CancellationToken))
    {
        return Background.Submit(key, Post(), cancel);
    }

    public Task<Outcome> Await(bool action = false)
    {
        return Background.Await(Operation(action), TimeSpan.FromDays(2));
    }

    public static Operation Operation(bool action = false)
    {
        var epoch = DateTimeOffset.FromUnixTimeSeconds(0);
        return new Operation { Id = Id, AcceptedAt = epoch, PollFrom = epoch, Action = action };
    }
}
