using System;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using System.Threading.Tasks;

namespace Background
{
    /// <summary>The time of day and how to wait, so that tests need not.</summary>
    public interface IClock
    {
        DateTimeOffset Now { get; }

        Task Sleep(TimeSpan most, CancellationToken cancel);
    }

    public sealed class RealClock : IClock
    {
        public DateTimeOffset Now => DateTimeOffset.UtcNow;

        public Task Sleep(TimeSpan most, CancellationToken cancel)
        {
            return Task.Delay(most, cancel);
        }
    }

    /// <summary>Returns an access token. Renew asks for a new one, because the last was refused.</summary>
    public delegate Task<string> TokenSource(bool renew);

    /// <summary>
    /// Makes calls to the ERP, each of them once. The token goes to the base URL only, redirects are not followed by
    /// themselves, and when the ERP asks for a pause, all calls keep it.
    /// </summary>
    sealed class Calls
    {
        readonly string baseUrl;
        readonly TokenSource token;
        readonly ITransport transport;
        readonly IClock clock;
        readonly object guard = new object();
        DateTimeOffset pausedUntil = DateTimeOffset.MinValue;

        public Calls(string baseUrl, TokenSource token, ITransport transport, IClock clock)
        {
            this.baseUrl = baseUrl;
            this.token = token;
            this.transport = transport;
            this.clock = clock;
        }

        /// <summary>
        /// Sends a request and returns its answer, whatever that is. A 401 has it sent once more with a new token: the
        /// ERP took nothing.
        /// </summary>
        /// <exception cref="NotSentException">Certainly nothing left.</exception>
        /// <exception cref="IOException">No answer came.</exception>
        /// <exception cref="TimeoutException">The pause that the ERP asked for is longer than the deadline allows.</exception>
        public async Task<Answer> Send(Request request, DateTimeOffset deadline, CancellationToken cancel)
        {
            if (!IsBelow(request.Url))
                throw new NotSentException(request.Url + " is not below " + baseUrl);
            for (var renew = false; ; renew = true)
            {
                await KeepPause(deadline, cancel).ConfigureAwait(false);
                var answer = await transport.Send(await Authorized(request, renew).ConfigureAwait(false), cancel)
                    .ConfigureAwait(false);
                Remember(answer);
                if (answer.Status != 401 || renew || token == null)
                    return answer;
            }
        }

        /// <summary>Reads a path; redirects are followed while they stay below the root. Null if no answer came.</summary>
        public async Task<Answer> Get(string path, DateTimeOffset deadline, CancellationToken cancel)
        {
            var url = baseUrl + path;
            try
            {
                for (var hops = 0; ; hops++)
                {
                    var answer = await Send(new Request { Method = "GET", Url = url }, deadline, cancel)
                        .ConfigureAwait(false);
                    var location = answer.Status >= 300 && answer.Status < 400 ? answer.Header("location") : "";
                    if (location == "" || hops == 5)
                        return answer;
                    url = new Uri(new Uri(url), location).AbsoluteUri;
                    if (!IsBelow(url))
                        return answer;
                }
            }
            catch (Exception e) when (e is IOException || e is UriFormatException)
            {
                cancel.ThrowIfCancellationRequested();
                return null;
            }
        }

        bool IsBelow(string url)
        {
            return (url + "/").StartsWith(baseUrl + "/", StringComparison.Ordinal);
        }

        async Task<Request> Authorized(Request request, bool renew)
        {
            if (token == null)
                return request;
            var authorized = new Request { Method = request.Method, Url = request.Url, Body = request.Body };
            foreach (var header in request.Headers)
                if (!header.Key.Equals("Authorization", StringComparison.OrdinalIgnoreCase))
                    authorized.Headers.Add(header);
            string text;
            try
            {
                text = await token(renew).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                throw new NotSentException("no access token: " + e.Message, e);
            }
            authorized.Headers.Add(new KeyValuePair<string, string>("Authorization", "Bearer " + text));
            return authorized;
        }

        /// <summary>Remembers for how long the ERP wants no calls.</summary>
        void Remember(Answer answer)
        {
            if (answer.Status != 429 && answer.Status != 503)
                return;
            var now = clock.Now;
            var pause = Read.RetryAfter(answer, now);
            if (answer.Status == 429)
                pause = pause ?? Read.LimitReset(answer, now) ?? TimeSpan.FromMinutes(1);
            var until = now + (pause ?? TimeSpan.Zero);
            lock (guard)
                pausedUntil = until > pausedUntil ? until : pausedUntil;
        }

        TimeSpan RestOfPause()
        {
            lock (guard)
                return pausedUntil - clock.Now;
        }

        async Task KeepPause(DateTimeOffset deadline, CancellationToken cancel)
        {
            try
            {
                for (var rest = RestOfPause(); rest > TimeSpan.Zero; rest = RestOfPause())
                    await Sleep(rest, deadline, cancel).ConfigureAwait(false);
                cancel.ThrowIfCancellationRequested();
            }
            catch (OperationCanceledException e)
            {
                throw new NotSentException("cancelled before it was sent", e);
            }
        }

        /// <summary>Waits until the time is over, at most until the deadline.</summary>
        public async Task Sleep(TimeSpan most, DateTimeOffset deadline, CancellationToken cancel)
        {
            var rest = deadline - clock.Now;
            var within = rest > most;
            var pause = within ? most : rest;
            if (pause > TimeSpan.Zero)
                // Rounded up to what timers know, or it would end too early.
                await clock.Sleep(TimeSpan.FromMilliseconds(Math.Ceiling(pause.TotalMilliseconds)), cancel)
                    .ConfigureAwait(false);
            if (!within)
                throw new TimeoutException("it has not ended yet");
        }
    }
}
