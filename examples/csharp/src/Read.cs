using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using System.Text.RegularExpressions;
using Newtonsoft.Json.Linq;

namespace Background
{
    /// <summary>
    /// Reads what the ERP and its gateways write, in every form in which it is known to come. Nothing here throws: what
    /// cannot be read is null or empty, and the caller asks again or tells that it does not know.
    /// </summary>
    public static class Read
    {
        static readonly Regex Declared = new Regex(@"charset=""?([\w-]+)", RegexOptions.IgnoreCase);
        static readonly Regex Id = new Regex(@"^([A-Za-z0-9_-]{1,128}|\{[A-Za-z0-9_-]+\})\z");
        static readonly Regex Zero = new Regex(@"^[0{}-]*\z");
        static readonly Regex Address = new Regex(@"^[^?#]*?/background/([^/?#]+)", RegexOptions.IgnoreCase);
        static readonly Regex Moment = new Regex(
            @"^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:\d\d)?\z");
        static readonly Regex Number = new Regex(@"^[0-9]{1,99}(\.[0-9]+)?\z");

        /// <summary>The body as text: a mark goes, a declared charset counts, what is no UTF-8 is windows-1252.</summary>
        public static string Text(byte[] body, string contentType)
        {
            var declared = Declared.Match(contentType ?? "");
            var charset = declared.Success ? declared.Groups[1].Value.ToLowerInvariant() : "utf-8";
            if (charset == "utf-16" || charset == "utf16")
                charset = "utf-16be";
            if (body.Length > 1 && (body[0] == 0) != (body[1] == 0)) // JSON begins with ASCII
                charset = body[0] == 0 ? "utf-16be" : "utf-16le";
            var mark = 0;
            if (StartsWith(body, 0xEF, 0xBB, 0xBF))
                (charset, mark) = ("utf-8", 3);
            else if (StartsWith(body, 0xFF, 0xFE))
                (charset, mark) = ("utf-16le", 2);
            else if (StartsWith(body, 0xFE, 0xFF))
                (charset, mark) = ("utf-16be", 2);
            if (charset == "utf-16le")
                charset = "utf-16"; // the name that .NET has for it
            foreach (var name in charset.StartsWith("utf-16") ? new[] { charset } : new[] { "utf-8", charset })
            {
                try
                {
                    var encoding = Encoding.GetEncoding(
                        name, EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback);
                    return encoding.GetString(body, mark, body.Length - mark);
                }
                catch (ArgumentException) // not in that charset, or there is none of that name
                {
                }
            }
            return Encoding.GetEncoding(1252).GetString(body, mark, body.Length - mark);
        }

        static bool StartsWith(byte[] body, params byte[] mark)
        {
            return body.Length >= mark.Length && mark.SequenceEqual(body.Take(mark.Length));
        }

        /// <summary>
        /// The object in a JSON text, its names in lower case: the ERP has been seen with id and with Id. Null also for
        /// a list, a page of HTML, and JSON that ends in the middle.
        /// </summary>
        public static Dictionary<string, JToken> Fields(string json)
        {
            return Lowered(Json.Parse(json));
        }

        public static Dictionary<string, JToken> Lowered(JToken value)
        {
            if (!(value is JObject known))
                return null;
            var fields = new Dictionary<string, JToken>();
            foreach (var field in known.Properties())
                fields[field.Name.ToLowerInvariant()] = field.Value;
            return fields;
        }

        /// <summary>A text, number or boolean as text; of anything else nothing.</summary>
        public static string Scalar(JToken value)
        {
            if (!(value is JValue scalar) || scalar.Value == null)
                return "";
            return Convert.ToString(scalar.Value, CultureInfo.InvariantCulture).Trim();
        }

        public static string Scalar(this Dictionary<string, JToken> known, string name)
        {
            return known != null && known.TryGetValue(name, out var value) ? Scalar(value) : "";
        }

        /// <summary>An id as paths have it: a GUID in any of its forms, else letters and digits. Null if it is none.</summary>
        public static string Identifier(string plain)
        {
            if (!Id.IsMatch(plain) || Zero.IsMatch(plain))
                return null;
            return AsGuid(plain) ?? (plain.StartsWith("{") ? null : plain);
        }

        /// <summary>A GUID in lower case with dashes.</summary>
        public static string AsGuid(string value)
        {
            var known = Guid.TryParseExact(value, "D", out var guid) || Guid.TryParseExact(value, "N", out guid) ||
                Guid.TryParseExact(value, "B", out guid);
            return known && guid != Guid.Empty ? guid.ToString("D") : null;
        }

        /// <summary>The id in the address of a state or of its content. Only that: it may name another host.</summary>
        public static string IdIn(string address)
        {
            var at = Address.Match(address ?? "");
            return at.Success ? Identifier(at.Groups[1].Value) : null;
        }

        /// <summary>A time with an offset, with Z or without a zone, which is UTC. Year one is no time.</summary>
        public static DateTimeOffset? Time(string value)
        {
            var parts = Moment.Match(value);
            if (!parts.Success || parts.Groups[1].Value.StartsWith("0001"))
                return null;
            var clock = parts.Groups[2].Success ? parts.Groups[2].Value : "00:00:00";
            var zone = parts.Groups[4].Success && parts.Groups[4].Value != "Z" ? parts.Groups[4].Value : "+00:00";
            // .NET counts in steps of 100 ns.
            var ticks = long.Parse(parts.Groups[3].Value.PadRight(9, '0').Substring(0, 7), CultureInfo.InvariantCulture);
            var known = DateTimeOffset.TryParseExact(parts.Groups[1].Value + "T" + clock + zone, "yyyy-MM-dd'T'HH:mm:sszzz",
                CultureInfo.InvariantCulture, DateTimeStyles.None, out var time);
            return known ? time.ToUniversalTime().AddTicks(ticks) : (DateTimeOffset?)null;
        }

        /// <summary>For how long the answer asks to wait, between a second and an hour; null if it does not.</summary>
        public static TimeSpan? RetryAfter(Answer answer, DateTimeOffset now)
        {
            var asked = new List<decimal>();
            foreach (var value in answer.All("retry-after"))
            {
                if (Date(value) is DateTimeOffset at) // which counts by the clock that wrote it
                    asked.Add((decimal)(at - (Date(answer.Header("date")) ?? now)).TotalSeconds);
                else
                    asked.AddRange(Numbers(value));
            }
            return asked.Count > 0 ? Bounded(asked.Max()) : (TimeSpan?)null;
        }

        /// <summary>In how long the limit on calls ends; the old gateway told it in seconds since 1970.</summary>
        public static TimeSpan? LimitReset(Answer answer, DateTimeOffset now)
        {
            foreach (var at in Numbers(answer.Header("x-ratelimit-reset")))
                return Bounded(at > 1000000000 ? at - now.ToUnixTimeMilliseconds() / 1000m : at);
            return null;
        }

        public static IEnumerable<decimal> Numbers(string values)
        {
            return values.Split(',').Select(one => one.Trim()).Where(one => Number.IsMatch(one)).Select(Amount);
        }

        static decimal Amount(string digits)
        {
            var known = decimal.TryParse(
                digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number);
            return known ? number : decimal.MaxValue;
        }

        static TimeSpan Bounded(decimal seconds)
        {
            return TimeSpan.FromMilliseconds((double)(Math.Min(Math.Max(seconds, 1), 3600) * 1000));
        }

        static readonly string[] Dates =
        {
            "ddd, d MMM yyyy HH:mm:ss 'GMT'", "ddd, dd MMM yyyy HH:mm:ss 'GMT'", "dddd, dd-MMM-yy HH:mm:ss 'GMT'",
            "ddd MMM d HH:mm:ss yyyy",
        };

        static DateTimeOffset? Date(string value)
        {
            var styles = DateTimeStyles.AssumeUniversal | DateTimeStyles.AllowInnerWhite;
            var known = DateTimeOffset.TryParseExact(
                value.Trim(), Dates, CultureInfo.InvariantCulture, styles, out var date);
            return known ? date : (DateTimeOffset?)null;
        }

        /// <summary>The status of an HTTP answer in a JSON value, or 0.</summary>
        public static int StatusCode(string value, int least)
        {
            var known = decimal.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var code);
            return known && code >= least && code < 1000 ? (int)code : 0;
        }
    }
}
