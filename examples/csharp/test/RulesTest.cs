using System;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Background;
using NUnit.Framework;

/// <summary>The rules, against answers that are set, on a clock whose waits take no time.</summary>
[TestFixture]
public class RulesTest
{
    public static readonly object[] AnswersToASubmit =
    {
        new object[] { "no answer", FakeErp.Fails(new IOException("reset")), OutcomeKind.Uncertain },
        new object[] { "no connection", FakeErp.Fails(new NotSentException("no")), OutcomeKind.Refused },
        new object[] { "a 202 that broke off behind its id",
            FakeErp.Broken(202, "{\"id\":\"" + FakeErp.Id + "\",\"x\":"), OutcomeKind.Accepted },
        new object[] { "a 200 that broke off", FakeErp.Broken(200, "[{"), OutcomeKind.Uncertain },
        new object[] { "an answer at once", FakeErp.Says(201, "{\"number\":1}"), OutcomeKind.Succeeded },
        new object[] { "a status without a name", FakeErp.Says(299, ""), OutcomeKind.Succeeded },
        new object[] { "a redirect", FakeErp.Says(307, "", "location", "https://x.test/"), OutcomeKind.Refused },
        new object[] { "a page of a proxy", FakeErp.Says(200, "<html>"), OutcomeKind.Uncertain },
        new object[] { "503", FakeErp.Says(503, "", "retry-after", "5"), OutcomeKind.Uncertain },
        new object[] { "400", FakeErp.Says(400, "{\"message\":\"no\"}"), OutcomeKind.Refused },
    };

    [TestCaseSource(nameof(AnswersToASubmit))]
    public void WhatAnAnswerMeansAndThatNoneOfTheseIsSentTwice(string name, Func<Answer> says, OutcomeKind want)
    {
        var erp = new FakeErp(says);
        Assert.AreEqual(want, erp.Submit().Result.Kind);
        CollectionAssert.AreEqual(new[] { "POST /v2/customerinvoice" }, erp.Calls);
        Assert.AreEqual(0, erp.Elapsed);
    }

    [Test]
    public void A429WasNotTakenSoItIsWaitedOutAndSentAgain()
    {
        var erp = new FakeErp(FakeErp.Says(429, "", "retry-after", "120"), FakeErp.Says(429, ""), FakeErp.Accepted);
        Assert.AreEqual(OutcomeKind.Accepted, erp.Submit().Result.Kind);
        CollectionAssert.AreEqual(new[] { 0.0, 120, 180 }, erp.Times);
    }

    [Test]
    public void A401WasNotTakenSoItIsSentOnceMoreWithANewToken()
    {
        var erp = new FakeErp(
            settings => settings.Token = renew => Task.FromResult(renew ? "new" : "old"), FakeErp.Says(401, ""));
        Assert.AreEqual(401, erp.Submit().Result.StatusCode);
        CollectionAssert.AreEqual(new[] { "Bearer old", "Bearer new" }, erp.Authorizations);
    }

    [Test]
    public void ATokenThatIsNotToBeHadMeansThatNothingWasSent()
    {
        var erp = new FakeErp(
            settings => settings.Token = renew => { throw new IOException("wrong secret"); }, FakeErp.Accepted);
        var refused = erp.Submit().Result;
        Assert.AreEqual(OutcomeKind.Refused, refused.Kind);
        Assert.AreEqual("no access token: wrong secret", refused.Message);
        CollectionAssert.IsEmpty(erp.Calls);
    }

    [TestCase("https://erp.test.evil/api/v2/x")]
    [TestCase("https://erp.test/apis")]
    [TestCase("http://erp.test/api/v2/x")]
    public void ARequestToElsewhereIsNotSent(string url)
    {
        var erp = new FakeErp(FakeErp.Accepted);
        Assert.AreEqual(OutcomeKind.Refused, erp.Background.Submit("x", FakeErp.Post(url)).Result.Kind);
        CollectionAssert.IsEmpty(erp.Calls);
    }

    [Test]
    public void ARequestThatCannotBeMadeIsNotSent()
    {
        var erp = new FakeErp(
            settings => settings.Transport = new HttpTransport(TimeSpan.FromMinutes(1)), FakeErp.Accepted);
        var request = FakeErp.Post();
        request.Method = "NO METHOD";
        var refused = erp.Background.Submit("x", request).Result;
        Assert.AreEqual(OutcomeKind.Refused, refused.Kind);
        StringAssert.StartsWith("the request cannot be made: ", refused.Message);
    }

    [Test]
    public void ARequestWithoutTheHeaderIsAMistakeAndNotSent()
    {
        var erp = new FakeErp(FakeErp.Accepted);
        var mistake = Assert.Throws<AggregateException>(
            () => erp.Background.Submit("x", new Request { Method = "POST", Url = FakeErp.Root + "/v2/x" }).Wait());
        StringAssert.Contains("want the header erp-api-background", mistake.InnerException.Message);
        CollectionAssert.IsEmpty(erp.Calls);
    }

    [Test]
    public void AKeyIsSentOnceAndAgainOnlyAfterItWasRefused()
    {
        var erp = new FakeErp(FakeErp.Says(400, ""), FakeErp.Fails(new IOException("reset")), FakeErp.Accepted);
        var said = Enumerable.Range(0, 4).Select(i => erp.Submit().Result.Kind).ToArray();
        CollectionAssert.AreEqual(
            new[] { OutcomeKind.Refused, OutcomeKind.Uncertain, OutcomeKind.Uncertain, OutcomeKind.Uncertain }, said);
        Assert.AreEqual(2, erp.Calls.Count);
    }

    [Test]
    public void SubmitsOfOneKeyAtTheSameTimeAreOne()
    {
        var all = new CountdownEvent(1);
        var erp = new FakeErp(() => { all.Wait(); return FakeErp.Accepted(); });
        var submits = Enumerable.Range(0, 8).Select(i => erp.Submit()).ToArray();
        all.Signal();
        Task.WaitAll(submits);
        Assert.AreEqual(1, erp.Calls.Count);
        Assert.That(submits.Select(submit => submit.Result.Operation.Id), Is.All.EqualTo(FakeErp.Id));
    }

    [Test]
    public void ACancelBeforeItIsSentMeansThatNothingWasSent()
    {
        var erp = new FakeErp(FakeErp.Accepted);
        Assert.AreEqual(OutcomeKind.Refused, erp.Submit("x", new CancellationToken(true)).Result.Kind);
        CollectionAssert.IsEmpty(erp.Calls);
    }

    [Test]
    public void PollsSlowDownPausesAreKeptAndNoAnswerEndsTheWait()
    {
        var erp = new FakeErp(
            FakeErp.Started, FakeErp.Says(500, ""), FakeErp.Fails(new IOException("reset")),
            FakeErp.Says(200, "<html>"), FakeErp.Says(503, "", "retry-after", "100"), FakeErp.Finished);
        Assert.AreEqual(OutcomeKind.Succeeded, erp.Await().Result.Kind);
        CollectionAssert.AreEqual(new[] { 1.0, 3, 7, 15, 31, 131 }, erp.Times);
    }

    [Test]
    public void TheBodyOfAnActionTellsWhetherItSucceeded()
    {
        var body = FakeErp.Says(200, "{\"actionResult\":\"Failed\",\"errorInfo\":\"locked\"}");
        var failed = new FakeErp(FakeErp.WithContent, body).Await(action: true).Result;
        Assert.AreEqual(OutcomeKind.Failed, failed.Kind);
        Assert.AreEqual("locked", failed.Message);
        Assert.AreEqual(OutcomeKind.Succeeded, new FakeErp(FakeErp.WithContent, body).Await().Result.Kind);
    }

    [Test]
    public void WhatIsMissingHasExpiredOnceItsDayIsOverAndNotBefore()
    {
        var erp = new FakeErp(FakeErp.Says(404, ""));
        Assert.AreEqual(OutcomeKind.Expired, erp.Await().Result.Kind);
        Assert.That(erp.Elapsed, Is.InRange(24 * 3600, 24 * 3600 + 60));
    }

    [Test]
    public void AnErpThatKeepsRefusingToTellIsToldOf()
    {
        var told = new FakeErp(FakeErp.Says(403, "{\"message\":\"no access\"}")).Await().Result;
        Assert.AreEqual("Unreadable 403  no access", told.ToString());
    }

    [Test]
    public void ContentIsReadUntilItIsWhole()
    {
        var erp = new FakeErp(
            FakeErp.WithContent, FakeErp.Says(404, ""), FakeErp.Broken(200, "[1"),
            FakeErp.Says(200, "[1", "content-type", "text/json"),
            FakeErp.Says(200, "<html>"), FakeErp.Says(200, "[1]"));
        Assert.AreEqual("[1]", erp.Await().Result.Content.Text());
    }

    [Test]
    public void AWaitThatRanOutOfTimeCanBeginAgain()
    {
        var erp = new FakeErp(FakeErp.Started, FakeErp.Started, FakeErp.Finished);
        var late = Assert.Throws<AggregateException>(
            () => erp.Background.Await(FakeErp.Operation(), TimeSpan.FromSeconds(5)).Wait());
        Assert.IsInstanceOf<TimeoutException>(late.InnerException);
        Assert.AreEqual(5, erp.Elapsed);
        Assert.AreEqual(OutcomeKind.Succeeded, erp.Await().Result.Kind);
    }

    [Test]
    public void ANotificationWakesAllWaitsAndOneThatBeginsAfterItAndProvesNothing()
    {
        var hour = new Poll { First = TimeSpan.FromHours(1), Longest = TimeSpan.FromHours(1) };
        var state = FakeErp.Started;
        var polled = new SemaphoreSlim(0);
        var erp = new FakeErp(
            settings => { settings.Clock = new RealClock(); settings.Poll = hour; },
            () => { polled.Release(); return Volatile.Read(ref state)(); });
        erp.Background.Notified(FakeErp.Id);
        var waits = new[] { erp.Await() }.ToList();
        polled.Wait(); // without the notification it would take an hour
        waits.Add(erp.Await());
        Assert.IsFalse(waits.Any(wait => wait.IsCompleted), "want a wait that goes on: it was told that it has started");
        Volatile.Write(ref state, FakeErp.Finished);
        while (!waits.All(wait => wait.Wait(1)))
            erp.Background.Notified(FakeErp.Id);
    }

    [Test]
    public void ACancelledWaitThrows()
    {
        var erp = new FakeErp(settings => settings.Clock = new RealClock(), FakeErp.Started);
        var cancel = new CancellationTokenSource();
        var wait = erp.Background.Await(FakeErp.Operation(), TimeSpan.FromHours(1), cancel.Token);
        cancel.Cancel();
        Assert.IsInstanceOf<OperationCanceledException>(
            Assert.Throws<AggregateException>(() => wait.Wait()).InnerException);
    }

    [Test]
    public void ABaseUrlThatIsNoneIsAMistake()
    {
        var mistake = Assert.Throws<ArgumentException>(() => new BackgroundClient(new Settings { BaseUrl = "erp.test" }));
        StringAssert.Contains("BaseUrl: want https://host/path", mistake.Message);
    }

    [Test]
    public void TokensAreAskedForOnceForAllAndAnewBeforeTheyRunOut()
    {
        var erp = new FakeErp(FakeErp.Says(200, "{\"access_token\":\"t\",\"expires_in\":3600}"));
        var tokens = new Tokens
        {
            TokenUrl = FakeErp.Root, ClientId = "a&b", ClientSecret = "s", TenantId = "t", Scope = "x",
            Transport = erp, Clock = erp.Clock,
        };
        Task.WaitAll(Enumerable.Range(0, 5).Select(i => tokens.Get(false)).ToArray());
        Assert.AreEqual(1, erp.Calls.Count);
        erp.Clock.Now += TimeSpan.FromSeconds(3541);
        Assert.AreEqual("t", tokens.Get(false).Result);
        Assert.AreEqual(2, erp.Calls.Count);
        tokens.Get(true).Wait();
        Assert.AreEqual(3, erp.Calls.Count);
    }
}
