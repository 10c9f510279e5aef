using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using Background;
using NUnit.Framework;

/// <summary>What has to outlive the process.</summary>
[TestFixture]
public class JournalTest
{
    string path;

    [SetUp]
    public void Begin()
    {
        path = Path.GetTempFileName();
    }

    [TearDown]
    public void End()
    {
        File.Delete(path);
    }

    [Test]
    public void WhatWasBeingSentWhenTheProcessEndedIsUncertain()
    {
        using (var journal = new FileJournal(path))
        {
            var erp = new FakeErp(settings => settings.Journal = journal, () =>
            {
                // By another program, for which no lock of this process counts.
                Process.Start("cp", $"{path} {path}.crashed").WaitForExit();
                return FakeErp.Accepted();
            });
            Assert.AreEqual(OutcomeKind.Accepted, erp.Submit().Result.Kind);
        }
        using (var journal = new FileJournal(path + ".crashed"))
        {
            var erp = new FakeErp(settings => settings.Journal = journal, FakeErp.Accepted);
            Assert.AreEqual(OutcomeKind.Uncertain, erp.Submit().Result.Kind);
            CollectionAssert.IsEmpty(erp.Calls);
        }
        File.Delete(path + ".crashed");
    }

    [Test]
    public void AJournalKeepsOutcomesAlsoBehindALineThatACrashCutOff()
    {
        using (var journal = new FileJournal(path))
            new FakeErp(settings => settings.Journal = journal, FakeErp.Accepted).Submit("a").Wait();
        File.AppendAllText(path, "\n{\"Key\":\"b\",\"Subm");
        using (var journal = new FileJournal(path))
            new FakeErp(settings => settings.Journal = journal, FakeErp.Says(201, "é")).Submit("c").Wait();
        using (var journal = new FileJournal(path))
        {
            Assert.AreEqual(FakeErp.Id, journal.Get("a").Operation.Id);
            Assert.AreEqual(DateTimeOffset.FromUnixTimeSeconds(0), journal.Get("a").Operation.AcceptedAt);
            Assert.IsNull(journal.Get("b"));
            Assert.AreEqual("é", journal.Get("c").Content.Text());
        }
    }

    [Test]
    public void AJournalIsOpenOnce()
    {
        using (new FileJournal(path))
            Assert.Throws<IOException>(() => new FileJournal(path));
        new FileJournal(path).Dispose();
    }

    sealed class Failing : IJournal
    {
        public int Works;

        public Outcome Get(string key)
        {
            return null;
        }

        public void Put(string key, Outcome submitted)
        {
            if (Works-- <= 0)
                throw new IOException("disk full");
        }
    }

    [Test]
    public void AJournalThatCannotBeWrittenIsToldWithTheOutcome()
    {
        var erp = new FakeErp(settings => settings.Journal = new Failing(), FakeErp.Accepted);
        var nothing = Assert.Throws<AggregateException>(() => erp.Submit().Wait());
        Assert.AreEqual("disk full", nothing.InnerException.Message);
        CollectionAssert.IsEmpty(erp.Calls);

        erp = new FakeErp(settings => settings.Journal = new Failing { Works = 1 }, FakeErp.Accepted);
        var sent = Assert.Throws<AggregateException>(() => erp.Submit().Wait());
        StringAssert.Contains(FakeErp.Id, sent.InnerException.Message);
    }

    [Test]
    public void AnInboxKeepsEachOperationOnce()
    {
        using (var inbox = new Inbox(path))
        {
            inbox.Store("a", "1");
            inbox.Store("a", "2");
            inbox.Store("", "?");
        }
        using (var inbox = new Inbox(path))
        {
            inbox.Store("a", "3");
            inbox.Store("", "?");
            CollectionAssert.AreEqual(new[] { "a 1", " ?" }, inbox.All().Select(entry => entry.Id + " " + entry.Body));
        }
    }
}
