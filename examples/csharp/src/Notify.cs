using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Text.RegularExpressions;

namespace Background
{
    /// <summary>The values of the header erp-api-background: who is told of the end.</summary>
    public static class Notify
    {
        /// <summary>Nobody.</summary>
        public const string None = "none";

        static readonly Regex Reserved = new Regex(
            "^(x-vwd-.*|content-.*|host|authorization|connection|transfer-encoding|te|trailer|upgrade|keep-alive" +
            @"|proxy-.*)\z", RegexOptions.IgnoreCase);

        /// <summary>Has a notification posted to an address. Keep a secret part in its path.</summary>
        /// <exception cref="ArgumentException">It is none that can be asked for.</exception>
        public static string Url(string address)
        {
            var parts = Regex.Match(address, @"^(https?)://([^/?#@]+)([/?#][!-~]*)?\z", RegexOptions.IgnoreCase);
            if (!parts.Success || !Regex.IsMatch(address, @"^[!-~]+\z") ||
                !Uri.TryCreate(address, UriKind.Absolute, out var url) || url.Host == "" ||
                !(url.Scheme == "https" || IsHere(url)))
                throw new ArgumentException("the address of a webhook: want https://, without a user and without blanks");
            return address;
        }

        static bool IsHere(Uri url)
        {
            var host = url.Host.Trim('[', ']');
            return host == "localhost" || (IPAddress.TryParse(host, out var ip) && IPAddress.IsLoopback(ip));
        }

        /// <summary>
        /// Has the subscription of the application notified. Each pair comes back as a header of the notification,
        /// unsigned: it may help to find your order, and proves nothing.
        /// </summary>
        /// <exception cref="ArgumentException">A pair is none that can be sent.</exception>
        public static string Subscription(params KeyValuePair<string, string>[] pairs)
        {
            var names = new HashSet<string>();
            foreach (var pair in pairs)
            {
                if (!Regex.IsMatch(pair.Key, @"^[a-zA-Z0-9-]+\z") || Reserved.IsMatch(pair.Key) ||
                    !names.Add(pair.Key.ToLowerInvariant()))
                    throw new ArgumentException($"the pair {pair.Key} of a subscription: want names of letters, digits " +
                        "and dashes, each once, and none that HTTP or the sender uses");
                if (!Regex.IsMatch(pair.Value, @"^[!-~]([ -~]*[!-~])?\z") || pair.Value.Contains(","))
                    throw new ArgumentException(
                        $"the pair {pair.Key} of a subscription: want a value of visible ASCII without commas");
            }
            var texts = string.Join(",", pairs.Select(pair => pair.Key + "=" + pair.Value));
            return texts == "" ? "subscription" : "subscription:" + texts;
        }
    }
}
