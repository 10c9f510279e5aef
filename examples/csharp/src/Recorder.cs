using System;
using System.Collections.Generic;
using System.Linq;
using System.Net.Http;
using System.Threading;
using System.Threading.Tasks;
using Erp;

namespace Background
{
    /// <summary>Ends a call of generated code as soon as its request is made, and keeps that.</summary>
    sealed class Recorder : HttpMessageHandler
    {
        sealed class MadeException : Exception
        {
        }

        Request made;

        /// <summary>The request that a call would send. Nothing is sent.</summary>
        public static async Task<Request> Record(string baseUrl, Func<ErpClient, Task> call)
        {
            var recorder = new Recorder();
            try
            {
                using (var http = new HttpClient(recorder))
                    await call(new ErpClient(http) { BaseUrl = baseUrl + "/" }).ConfigureAwait(false);
            }
            catch (MadeException)
            {
                return recorder.made;
            }
            throw new ArgumentException("submit: want a call with the client that is handed over");
        }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancel)
        {
            made = new Request { Method = request.Method.Method, Url = request.RequestUri.AbsoluteUri };
            IEnumerable<KeyValuePair<string, IEnumerable<string>>> headers = request.Headers;
            if (request.Content != null)
            {
                headers = headers.Concat(request.Content.Headers);
                made.Body = await request.Content.ReadAsByteArrayAsync().ConfigureAwait(false);
            }
            foreach (var header in headers.Where(header => header.Key != "Content-Length"))
                made.Headers.Add(new KeyValuePair<string, string>(header.Key, string.Join(", ", header.Value)));
            throw new MadeException();
        }
    }
}
