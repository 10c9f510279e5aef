using System.Collections.Generic;
using System.Linq;
using System.Text.RegularExpressions;
using Newtonsoft.Json.Linq;

namespace Background
{
    /// <summary>What an error body says to people.</summary>
    public sealed class ErrorText
    {
        /// <summary>One line; empty if it says nothing.</summary>
        public string Message { get; private set; }

        /// <summary>The old gateway's code of the fault; empty if there is none.</summary>
        public string FaultCode { get; private set; }

        static readonly string[] Told =
        {
            "message", "value", "text", "title", "error", "error_description", "exceptionmessage", "messagedetail",
            "detail", "errormessage", "errorinfo", "modelstate", "errors", "innerexception",
        };

        public static ErrorText Of(string body)
        {
            var known = Read.Fields(body);
            if (known == null)
                return new ErrorText { Message = Cut(Line(body), 300), FaultCode = "" };
            var fault = known.Scalar("exceptionfaultcode");
            return new ErrorText
            {
                Message = string.Join("; ", Told.SelectMany(name => Sentences(known, name, 1)).Distinct()),
                FaultCode = fault == "" ? known.Scalar("faultcode") : fault,
            };
        }

        static IEnumerable<string> Sentences(Dictionary<string, JToken> known, string name, int depth)
        {
            return known.TryGetValue(name, out var value) ? Sentences(value, depth) : new string[0];
        }

        static IEnumerable<string> Sentences(JToken value, int depth)
        {
            if (depth > 6)
                return new string[0];
            if (value.Type == JTokenType.String)
                return new[] { Cut(Line((string)value), 2000) }.Where(line => line != "");
            if (value is JArray list)
                return list.SelectMany(one => Sentences(one, depth + 1));
            var known = Read.Lowered(value);
            if (known == null)
                return new string[0];
            var names = Told.Any(known.ContainsKey) ? Told : known.Keys.ToArray();
            return names.SelectMany(name => Sentences(known, name, depth + 1));
        }

        static string Line(string value)
        {
            return Regex.Replace(value.Trim(), @"\s+", " ");
        }

        static string Cut(string value, int most)
        {
            return value.Length > most ? value.Substring(0, most) + "…" : value;
        }
    }
}
