using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Erp;

namespace Background
{
    /// <summary>The settings of a BackgroundClient.</summary>
    public sealed class Settings
    {
        /// <summary>The root of the API, such as https://api.finance.visma.net.</summary>
        public string BaseUrl { get; set; }

        /// <summary>Default: calls carry no token.</summary>
        public TokenSource Token { get; set; }

        /// <summary>Default: in memory, and a crash forgets what was submitted.</summary>
        public IJournal Journal { get; set; } = new MemoryJournal();
        public Poll Poll { get; set; } = new Poll();

        /// <summary>Default: calls that have failed after a minute without an answer.</summary>
        public ITransport Transport { get; set; } = new HttpTransport(TimeSpan.FromMinutes(1));
        public IClock Clock { get; set; } = new RealClock();
    }

    /// <summary>
    /// Submits calls that are to run in the background, and awaits their outcomes. It may be used by many threads; one is
    /// enough for a process.
    /// </summary>
    public sealed class BackgroundClient
    {
        static readonly TimeSpan TenMinutes = TimeSpan.FromMinutes(10);

        readonly string baseUrl;
        readonly Calls calls;
        readonly IClock clock;
        readonly Poll poll;
        readonly IJournal journal;
        readonly ConcurrentDictionary<string, Task> underWay = new ConcurrentDictionary<string, Task>();
        readonly List<Waiter> waiting = new List<Waiter>();
        readonly HashSet<string> told = new HashSet<string>(); // while nobody waited; both guarded by waiting

        sealed class Waiter
        {
            public string Id;
            public CancellationTokenSource Woken;
        }

        /// <exception cref="ArgumentException">The base URL is none.</exception>
        public BackgroundClient(Settings settings)
        {
            if (!Uri.TryCreate(settings.BaseUrl, UriKind.Absolute, out var root) || root.Host == "")
                throw new ArgumentException("BaseUrl: want https://host/path, not " + settings.BaseUrl);
            baseUrl = root.AbsoluteUri.TrimEnd('/');
            clock = settings.Clock;
            poll = settings.Poll;
            journal = settings.Journal;
            calls = new Calls(baseUrl, settings.Token, settings.Transport, clock);
        }

        /// <summary>
        /// Makes a call in the background, and tells what became of it as soon as that is known:
        /// <code>
        /// await background.Submit("order-4711", erp => erp.CreateCustomerInvoiceAsync("none", null, null, null, invoice));
        /// </code>
        /// It is sent once; again only after an answer that says it was not taken (401, 429). Two submits of one key are
        /// the same work, unless the first was refused: the second sends nothing and is told what became of it. One that
        /// is cancelled before it was sent is refused, afterwards it is uncertain.
        /// </summary>
        /// <exception cref="ArgumentException">The call is none in the background. Nothing was sent.</exception>
        /// <exception cref="IOException">
        /// The journal cannot be written. Nothing was sent, or the message tells what became of it.
        /// </exception>
        public async Task<Outcome> Submit(
            string key, Func<ErpClient, Task> call, CancellationToken cancel = default(CancellationToken))
        {
            var request = await Recorder.Record(baseUrl, call).ConfigureAwait(false);
            return await Submit(key, request, cancel).ConfigureAwait(false);
        }

        /// <summary>Submits a request with the header erp-api-background to an address below the root.</summary>
        public async Task<Outcome> Submit(
            string key, Request request, CancellationToken cancel = default(CancellationToken))
        {
            if (!request.Headers.Any(header => header.Key.ToLowerInvariant() == "erp-api-background"))
                throw new ArgumentException("submit: want the header erp-api-background, or the request would run at once");
            var done = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
            for (Task other; (other = underWay.GetOrAdd(key, done.Task)) != done.Task;)
                await other.ConfigureAwait(false);
            try
            {
                var known = journal.Get(key);
                if (known != null && known.Kind != OutcomeKind.Refused)
                    return known;
                journal.Put(key, Uncertain("the process ended before it had an answer"));
                var submitted = await Send(request, cancel).ConfigureAwait(false);
                try
                {
                    journal.Put(key, submitted);
                }
                catch (Exception e)
                {
                    throw new IOException($"it was not written down what became of {key}: {submitted}", e);
                }
                return submitted;
            }
            finally
            {
                Release(key);
                done.SetResult(true);
            }
        }

        void Release(string key)
        {
            underWay.TryRemove(key, out _);
        }

        async Task<Outcome> Send(Request request, CancellationToken cancel)
        {
            var action = request.Url.Split('?', '#')[0].ToLowerInvariant().Contains("/action/");
            try
            {
                for (; ; )
                {
                    var answer = await calls.Send(request, DateTimeOffset.MaxValue, cancel).ConfigureAwait(false);
                    var judgement = Judgement.Of(answer);
                    switch (judgement.Verdict)
                    {
                        case Verdict.Accepted:
                            var now = clock.Now;
                            var from = now + (Read.RetryAfter(answer, now) ?? TimeSpan.Zero);
                            return new Outcome
                            {
                                Kind = OutcomeKind.Accepted,
                                Operation = new Operation
                                {
                                    Id = judgement.Id, AcceptedAt = now, Action = action, PollFrom = from,
                                },
                            };
                        case Verdict.Foreground:
                            return new Outcome
                            {
                                StatusCode = answer.Status, Headers = answer.Headers, Content = answer.Content(),
                            }.Judged(action);
                        case Verdict.Uncertain:
                            return Uncertain(judgement.Why);
                        case Verdict.Limited:
                            continue; // all calls keep the pause that it asked for
                        default:
                            return Refused(answer.Status, ErrorText.Of(answer.Text()).Message);
                    }
                }
            }
            catch (NotSentException e)
            {
                return Refused(0, e.Message);
            }
            catch (IOException e)
            {
                return Uncertain(e.Message);
            }
        }

        static Outcome Uncertain(string why)
        {
            return new Outcome { Kind = OutcomeKind.Uncertain, Message = why };
        }

        static Outcome Refused(int statusCode, string why)
        {
            return new Outcome { Kind = OutcomeKind.Refused, StatusCode = statusCode, Message = why };
        }

        /// <summary>Has whoever awaits an operation poll at once: a notification names it, which proves nothing.</summary>
        public void Notified(string id)
        {
            List<Waiter> woken;
            lock (waiting)
            {
                woken = waiting.FindAll(waiter => waiter.Id == id);
                if (told.Count > 1000)
                    told.Clear();
                if (woken.Count == 0)
                    told.Add(id);
            }
            woken.ForEach(waiter => waiter.Woken.Cancel());
        }

        /// <summary>
        /// Waits until an operation has ended. Whatever polls are answered, only its state ends the wait, or that there
        /// has been none for long.
        /// </summary>
        /// <exception cref="TimeoutException">It takes longer than that; it can be awaited again.</exception>
        /// <exception cref="OperationCanceledException">It was cancelled; it can be awaited again.</exception>
        public async Task<Outcome> Await(
            Operation operation, TimeSpan most, CancellationToken cancel = default(CancellationToken))
        {
            var deadline = clock.Now + most;
            Streak missing = new Streak(), refused = new Streak(), unclear = new Streak();
            var plan = new Plan(poll);
            var from = operation.PollFrom;
            for (; ; )
            {
                var pause = Longer(plan.Next(), from - clock.Now);
                if (await Pause(operation.Id, pause, deadline, cancel).ConfigureAwait(false))
                    plan.Reset();
                var answer = await calls.Get("/v1/background/" + operation.Id, deadline, cancel).ConfigureAwait(false);
                if (answer == null)
                    continue;
                var now = clock.Now;
                from = now + (Read.RetryAfter(answer, now) ?? TimeSpan.Zero);
                var state = answer.Status == 200 ? State.Parse(answer.Text()) : null;
                if (state?.Id != null && state.Id != operation.Id)
                    state = null; // another one's
                var verdict = state?.Verdict ?? StateVerdict.Pending;
                if (verdict == StateVerdict.Succeeded || verdict == StateVerdict.Failed)
                    return await End(operation, state, deadline, cancel).ConfigureAwait(false);
                var gone = missing.GoesOn(answer.Status == 404 || answer.Status == 410, now) && missing.Count > 2;
                if (gone && missing.Lasts > TenMinutes && now >= operation.AcceptedAt.AddDays(1))
                    return new Outcome
                    {
                        Kind = OutcomeKind.Expired, Message = $"answered {answer.Status}: its outcome is no longer known",
                    };
                if (refused.GoesOn(Judgement.IsRefusal(answer.Status), now) && refused.Lasts > TenMinutes)
                    return new Outcome
                    {
                        Kind = OutcomeKind.Unreadable, StatusCode = answer.Status,
                        Message = ErrorText.Of(answer.Text()).Message,
                    };
                if (unclear.GoesOn(verdict == StateVerdict.Unclear, now) && unclear.Lasts > TenMinutes)
                    return new Outcome
                    {
                        Kind = OutcomeKind.Unclear, StatusCode = state.StatusCode, Message = "it ended as " + state.Status,
                    };
            }
        }

        async Task<Outcome> End(Operation operation, State end, DateTimeOffset deadline, CancellationToken cancel)
        {
            var outcome = new Outcome { StatusCode = end.StatusCode, Headers = end.Headers };
            if (end.HasContent)
                await ReadContent(outcome, operation.Id, end, deadline, cancel).ConfigureAwait(false);
            if (end.Verdict == StateVerdict.Succeeded)
                return outcome.Judged(operation.Action);
            outcome.Kind = OutcomeKind.Failed;
            if (end.ErrorMessage != "")
                outcome.Message = end.ErrorMessage;
            else if (outcome.Content != null)
                outcome.Message = ErrorText.Of(outcome.Content.Text()).Message;
            return outcome;
        }

        /// <summary>Reads the stored answer until it is whole; not for ever, because how the call ended is known.</summary>
        async Task ReadContent(Outcome outcome, string id, State end, DateTimeOffset deadline, CancellationToken cancel)
        {
            var failing = new Streak();
            var plan = new Plan(poll);
            var pagesToo = end.StatusCode >= 400 || outcome.Header("content-type").ToLowerInvariant().Contains("html");
            while (failing.Lasts < TenMinutes)
            {
                var answer = await calls.Get($"/v1/background/{id}/content", deadline, cancel).ConfigureAwait(false);
                if (answer?.Status == 410)
                {
                    outcome.Message = "its content is gone";
                    return;
                }
                if (answer?.Status == 200)
                {
                    var body = answer.Text();
                    if (Judgement.NotWhole(answer, body) == "" && (pagesToo || !Judgement.IsPage(answer, body)))
                    {
                        outcome.Content = answer.Content();
                        return;
                    }
                }
                failing.GoesOn(true, clock.Now);
                var asked = answer == null ? null : Read.RetryAfter(answer, clock.Now);
                await Pause(id, Longer(plan.Next(), asked ?? TimeSpan.Zero), deadline, cancel).ConfigureAwait(false);
            }
            outcome.Message = "its content could not be read, although its state tells of some";
        }

        /// <summary>Waits, and tells whether a notification cut it short.</summary>
        async Task<bool> Pause(string id, TimeSpan most, DateTimeOffset deadline, CancellationToken cancel)
        {
            var waiter = new Waiter { Id = id, Woken = CancellationTokenSource.CreateLinkedTokenSource(cancel) };
            lock (waiting)
            {
                if (told.Remove(id))
                    return true;
                waiting.Add(waiter);
            }
            try
            {
                await calls.Sleep(most, deadline, waiter.Woken.Token).ConfigureAwait(false);
                return false;
            }
            catch (OperationCanceledException)
            {
                cancel.ThrowIfCancellationRequested();
                return true;
            }
            finally
            {
                lock (waiting)
                    waiting.Remove(waiter);
            }
        }

        static TimeSpan Longer(TimeSpan a, TimeSpan b)
        {
            return a > b ? a : b;
        }
    }
}
