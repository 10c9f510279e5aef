using System;
using System.Collections.Generic;
using System.Linq;
using Newtonsoft.Json.Linq;

namespace Background
{
    /// <summary>
    /// What a state says of its operation. Only Finished with a 2xx is success. Unclear is an end of a kind that nobody
    /// knows: neither success nor failure, until a person looks.
    /// </summary>
    public enum StateVerdict
    {
        Pending,
        Succeeded,
        Failed,
        Unclear,
    }

    /// <summary>What a state document says.</summary>
    public sealed class State
    {
        public StateVerdict Verdict { get; private set; }

        /// <summary>Null if it names none.</summary>
        public string Id { get; private set; }
        public string Status { get; private set; }

        /// <summary>That of the call itself; 0 until there is one.</summary>
        public int StatusCode { get; private set; }
        public bool HasContent { get; private set; }
        public string ErrorMessage { get; private set; }

        /// <summary>Those of the call's answer, their names in lower case.</summary>
        public Dictionary<string, List<string>> Headers { get; private set; }
        public DateTimeOffset? Received { get; private set; }
        public DateTimeOffset? Started { get; private set; }
        public DateTimeOffset? Finished { get; private set; }

        /// <summary>Reads a state document; null for anything that is none, after which one asks again.</summary>
        public static State Parse(string json)
        {
            var known = Read.Fields(json);
            var status = known.Scalar("status");
            var word = status.ToLowerInvariant();
            var code = Read.StatusCode(known.Scalar("statuscode"), 200);
            var finished = Read.Time(known.Scalar("finishedutc"));
            var over = finished != null && code > 0;
            if (status == "" && !over)
                return null;
            var verdict = over ? StateVerdict.Unclear : StateVerdict.Pending;
            if (word == "failed")
                verdict = StateVerdict.Failed;
            else if (word == "finished")
                verdict = code == 0 ? StateVerdict.Unclear : code < 300 ? StateVerdict.Succeeded : StateVerdict.Failed;
            var ended = word == "finished" || word == "failed";
            var told = known.Scalar("hasresponsecontent").ToLowerInvariant();
            return new State
            {
                Verdict = verdict,
                Id = Read.Identifier(known.Scalar("id")) ?? Read.Identifier(known.Scalar("jobid")),
                Status = status,
                StatusCode = code,
                HasContent = told == "" ? ended && known.Scalar("contentlocation") != "" : told == "true",
                ErrorMessage = known.Scalar("errormessage"),
                Headers = HeadersOf(known),
                Received = Read.Time(known.Scalar("receivedutc")),
                Started = Read.Time(known.Scalar("startedutc")),
                Finished = finished,
            };
        }

        static Dictionary<string, List<string>> HeadersOf(Dictionary<string, JToken> known)
        {
            known.TryGetValue("responseheaders", out var value);
            var headers = new Dictionary<string, List<string>>();
            foreach (var header in Read.Lowered(value) ?? new Dictionary<string, JToken>())
            {
                var all = header.Value is JArray list ? list.Children() : new[] { header.Value }.AsEnumerable();
                var texts = all.Select(one => Read.Scalar(one)).Where(text => text != "").ToList();
                if (texts.Count > 0)
                    headers[header.Key] = texts;
            }
            return headers;
        }
    }
}
