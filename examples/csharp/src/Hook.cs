using System;
using System.Collections.Generic;
using System.IO;
using System.Net;
using System.Threading.Tasks;

namespace Background
{
    /// <summary>Where notifications are received: verified, stored, and only then acknowledged.</summary>
    public sealed class Hook
    {
        const int Largest = 1 << 20; // bytes of a notification
        static readonly TimeSpan Slowest = TimeSpan.FromSeconds(30); // of a sender that stops in the middle

        /// <summary>Where nothing is signed, it has to hold a secret.</summary>
        public string Path { get; set; }

        /// <summary>Those of the subscription, the newest first; null where nothing is signed.</summary>
        public IReadOnlyList<string> Keys { get; set; }

        /// <summary>
        /// Stores the id (empty if none was found) and the body of a notification, which may come many times. It returns
        /// once they cannot get lost, and throws if they may be.
        /// </summary>
        public Action<string, string> Store { get; set; }

        /// <summary>
        /// Takes the body as it came and the header x-vwd-signature-v1, and returns the status to answer with. What gets
        /// a 2xx never comes again, anything else does.
        /// </summary>
        public int Receive(byte[] body, string signature)
        {
            if (Keys != null && Notification.SignedBy(Keys, body, signature) < 0)
                return 401;
            var text = Read.Text(body, "");
            try
            {
                Store(Notification.Of(text).Id ?? "", text);
            }
            catch (Exception e)
            {
                Console.Error.WriteLine("a notification could not be stored, and comes again: " + e.Message);
                return 503;
            }
            return 202;
        }

        /// <summary>Answers what comes to a listener, by the hook with its path, until the listener is stopped.</summary>
        public static async Task Serve(HttpListener listener, params Hook[] hooks)
        {
            while (listener.IsListening)
            {
                HttpListenerContext context;
                try
                {
                    context = await listener.GetContextAsync().ConfigureAwait(false);
                }
                catch (Exception) when (!listener.IsListening)
                {
                    return;
                }
                var hook = Array.Find(hooks, one => one.Path == context.Request.Url.AbsolutePath);
                _ = Task.Run(() => Answer(hook, context));
            }
        }

        static async Task Answer(Hook hook, HttpListenerContext context)
        {
            context.Response.KeepAlive = false; // or Mono answers 200 to nobody there when the listener is stopped
            try
            {
                context.Response.StatusCode = hook == null ? 404 : await hook.Take(context.Request).ConfigureAwait(false);
                context.Response.Close();
            }
            catch (Exception e)
            {
                Console.Error.WriteLine("a sender broke off: " + e.Message);
                context.Response.Abort();
            }
        }

        async Task<int> Take(HttpListenerRequest request)
        {
            if (request.HttpMethod != "POST")
                return 405;
            if (request.ContentLength64 > Largest)
                return 413;
            var read = ReadAll(request.InputStream);
            if (await Task.WhenAny(read, Task.Delay(Slowest)).ConfigureAwait(false) != read)
                return 408;
            var body = await read.ConfigureAwait(false);
            if (body.Length > Largest)
                return 413;
            if (body.Length < request.ContentLength64)
                return 400; // it broke off
            return Receive(body, request.Headers["x-vwd-signature-v1"]);
        }

        static async Task<byte[]> ReadAll(Stream from)
        {
            var all = new MemoryStream();
            var part = new byte[1 << 14];
            for (int count; all.Length <= Largest && (count = await from.ReadAsync(part, 0, part.Length)) > 0;)
                all.Write(part, 0, count);
            return all.ToArray();
        }
    }
}
