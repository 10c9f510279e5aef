using System;
using System.IO;
using System.IO.Compression;
using System.Linq;
using System.Net.Http;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Threading;
using System.Threading.Tasks;

namespace Background
{
    /// <summary>Nothing was sent: the work may be submitted again.</summary>
    public sealed class NotSentException : IOException
    {
        public NotSentException(string message, Exception cause = null) : base(message, cause)
        {
        }
    }

    /// <summary>Sends a request once, and follows no redirect.</summary>
    public interface ITransport
    {
        /// <summary>Returns the answer, whatever it is, with as much of its body as came in time.</summary>
        /// <exception cref="NotSentException">Certainly nothing left.</exception>
        /// <exception cref="IOException">No answer came.</exception>
        Task<Answer> Send(Request request, CancellationToken cancel);
    }

    /// <summary>Sends by an HttpClient of its own.</summary>
    public sealed class HttpTransport : ITransport
    {
        const int Largest = 64 << 20; // bytes of a body

        readonly TimeSpan timeout;
        readonly HttpClient http;

        /// <summary>A call that was not answered to its end within the timeout has failed.</summary>
        public HttpTransport(TimeSpan timeout)
        {
            this.timeout = timeout;
            // A redirect that is followed sends a POST again after a 307, and a token wherever that leads.
            var handler = new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false };
            http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
            // One that was idle may be closed just when a POST is sent on it, and then nobody knows whether it was taken.
            http.DefaultRequestHeaders.ConnectionClose = true;
            http.DefaultRequestHeaders.ExpectContinue = false;
        }

        public async Task<Answer> Send(Request request, CancellationToken cancel)
        {
            using (var ended = CancellationTokenSource.CreateLinkedTokenSource(cancel))
            using (var message = Message(request))
            {
                ended.CancelAfter(timeout);
                HttpResponseMessage response;
                try
                {
                    response = await http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, ended.Token)
                        .ConfigureAwait(false);
                }
                catch (Exception e) when (IsNeverConnected(e))
                {
                    throw new NotSentException("no connection: " + e.GetBaseException().Message, e);
                }
                catch (Exception e)
                {
                    throw new IOException("no answer: " + e.GetBaseException().Message, e);
                }
                using (response)
                    return await Whole(response, ended.Token).ConfigureAwait(false);
            }
        }

        static HttpRequestMessage Message(Request request)
        {
            try
            {
                var message = new HttpRequestMessage(new HttpMethod(request.Method), request.Url);
                if (request.Body != null)
                    message.Content = new ByteArrayContent(request.Body);
                foreach (var header in request.Headers)
                    if (!message.Headers.TryAddWithoutValidation(header.Key, header.Value))
                        message.Content?.Headers.TryAddWithoutValidation(header.Key, header.Value);
                return message;
            }
            catch (FormatException e)
            {
                throw new NotSentException("the request cannot be made: " + e.Message, e);
            }
        }

        static readonly SocketError[] NoConnection =
        {
            SocketError.ConnectionRefused, SocketError.HostNotFound, SocketError.HostUnreachable,
            SocketError.NetworkUnreachable, SocketError.NoData, SocketError.TryAgain,
        };

        /// <summary>
        /// Whether a call failed before a connection was there, so that the ERP cannot have seen any of it. What fails on
        /// a connection has an IOException between.
        /// </summary>
        static bool IsNeverConnected(Exception failure)
        {
            var cause = (failure as HttpRequestException)?.InnerException;
            return cause is AuthenticationException || // of TLS: the other side is not who it should be
                (cause is SocketException socket && NoConnection.Contains(socket.SocketErrorCode));
        }

        static async Task<Answer> Whole(HttpResponseMessage response, CancellationToken ended)
        {
            var answer = new Answer { Status = (int)response.StatusCode };
            foreach (var header in response.Headers.Concat(response.Content.Headers))
                answer.Headers[header.Key.ToLowerInvariant()] = header.Value.ToList();
            var length = response.Content.Headers.ContentLength;
            var body = new MemoryStream();
            try
            {
                var stream = await response.Content.ReadAsStreamAsync().ConfigureAwait(false);
                using (ended.Register(response.Dispose)) // not each stream listens to a token
                    await Copy(stream, body, ended).ConfigureAwait(false);
            }
            catch (Exception)
            {
                answer.Broken = true;
            }
            // A body that is shorter than it was told to be is not always an error of the stream.
            answer.Broken |= ended.IsCancellationRequested || (length != null && body.Length < length);
            answer.Body = body.ToArray();
            Unzip(answer);
            return answer;
        }

        static async Task Copy(Stream from, Stream to, CancellationToken ended)
        {
            var part = new byte[1 << 16];
            for (int count; (count = await from.ReadAsync(part, 0, part.Length, ended).ConfigureAwait(false)) > 0;)
            {
                to.Write(part, 0, count);
                if (to.Length > Largest)
                    throw new IOException("the body is too large");
            }
        }

        /// <summary>Nothing asks for it, but proxies have been seen to compress all the same.</summary>
        static void Unzip(Answer answer)
        {
            if (answer.Header("content-encoding").ToLowerInvariant() != "gzip" || answer.Body.Length == 0)
                return;
            var plain = new MemoryStream();
            try
            {
                using (var zip = new GZipStream(new MemoryStream(answer.Body), CompressionMode.Decompress))
                    Copy(zip, plain, CancellationToken.None).GetAwaiter().GetResult();
            }
            catch (Exception e) when (e is IOException || e is InvalidDataException)
            {
                answer.Broken = true;
            }
            answer.Body = plain.ToArray();
        }
    }
}
