using System.Collections.Generic;
using System.Linq;
using System.Text.RegularExpressions;
using Newtonsoft.Json.Linq;

namespace Background
{
    public enum Verdict
    {
        Accepted,

        /// <summary>It ran at once.</summary>
        Foreground,
        Refused,

        /// <summary>Not taken; once more with a fresh token.</summary>
        Unauthorized,

        /// <summary>Not taken; later.</summary>
        Limited,

        /// <summary>It may have been taken: never to be sent again.</summary>
        Uncertain,
    }

    /// <summary>What an answer says to a request that was to run in the background.</summary>
    public sealed class Judgement
    {
        public Verdict Verdict { get; private set; }

        /// <summary>Of what was accepted, else empty.</summary>
        public string Id { get; private set; } = "";

        /// <summary>Why it is uncertain, else empty.</summary>
        public string Why { get; private set; } = "";

        static readonly Regex Member = new Regex(@"""(\w+)""\s*:\s*(?:""([^""\\]*)""|(\d+)(?=\s*[,}]))");
        static readonly Regex JsonType = new Regex("json|^text/(plain|html|xml)|octet-stream", RegexOptions.IgnoreCase);
        static readonly Regex Comments = new Regex(@"^\s*((<\?xml[^>]*\?>|<!--.*?-->)\s*)*", RegexOptions.Singleline);
        static readonly Regex Page = new Regex(
            @"^<(!doctype html|html|head|body|title|meta|script)[\s/>]", RegexOptions.IgnoreCase);

        /// <summary>
        /// Judges an answer to a submit. A 202 is read as far as its body goes, for its id is the only way to the outcome.
        /// A page of HTML, a part of a body or JSON that ends in the middle is nobody's answer: a proxy may have spoken.
        /// </summary>
        public static Judgement Of(Answer answer)
        {
            var status = answer.Status;
            var body = answer.Text();
            if (status == 202)
            {
                var id = AcceptedId(answer, body);
                return id != null ? Accepted(id) : Uncertain("answered 202 without a readable id");
            }
            if (status >= 200 && status < 400 && QueuedId(answer, body) is string queued)
                return Accepted(queued);
            if (status >= 200 && status < 300)
            {
                var why = NotWhole(answer, body);
                if (why == "" && IsPage(answer, body))
                    why = "answered with a page of HTML";
                return why == "" ? new Judgement { Verdict = Verdict.Foreground } : Uncertain(why);
            }
            if (status == 401)
                return new Judgement { Verdict = Verdict.Unauthorized };
            if (status == 429)
                return new Judgement { Verdict = Verdict.Limited };
            if (status == 408 || status >= 500 || status < 200)
                return Uncertain("answered " + status);
            return new Judgement { Verdict = Verdict.Refused };
        }

        static Judgement Accepted(string id)
        {
            return new Judgement { Verdict = Verdict.Accepted, Id = id };
        }

        static Judgement Uncertain(string why)
        {
            return new Judgement { Verdict = Verdict.Uncertain, Why = why };
        }

        /// <summary>The id in a 202: in its body, which may be broken, else in an address that it names.</summary>
        static string AcceptedId(Answer answer, string body)
        {
            var known = Read.Fields(body) ?? Pieces(body);
            return Read.Identifier(known.Scalar("id")) ?? Read.Identifier(known.Scalar("jobid")) ??
                Read.IdIn(known.Scalar("statelocation")) ?? Read.IdIn(answer.Header("location")) ??
                Read.AsGuid(body.Trim().Trim('"'));
        }

        /// <summary>The id of an answer that names a state under another status, which a proxy gave it.</summary>
        static string QueuedId(Answer answer, string body)
        {
            var known = Read.Fields(body);
            var at = Read.IdIn(known.Scalar("statelocation")) ?? Read.IdIn(answer.Header("location"));
            return at == null ? null : Read.Identifier(known.Scalar("id")) ?? Read.Identifier(known.Scalar("jobid")) ?? at;
        }

        /// <summary>The members at the beginning of JSON that breaks off, before anything is nested in it.</summary>
        static Dictionary<string, JToken> Pieces(string body)
        {
            var open = body.Trim();
            var flat = (open.StartsWith("{") ? open.Substring(1) : open).Split('{', '[')[0];
            var found = new Dictionary<string, JToken>();
            foreach (Match member in Member.Matches(flat))
                found[member.Groups[1].Value.ToLowerInvariant()] =
                    member.Groups[2].Success ? member.Groups[2].Value : member.Groups[3].Value;
            return found;
        }

        /// <summary>Why a body is not all of an answer, or nothing.</summary>
        public static string NotWhole(Answer answer, string body)
        {
            if (answer.Broken)
                return "the body of the answer broke off";
            if (answer.Status == 206 || answer.All("content-range").Any())
                return "answered with a part of a body";
            var type = answer.Header("content-type");
            var start = body.TrimStart();
            var json = (start.StartsWith("{") || start.StartsWith("[")) && (type == "" || JsonType.IsMatch(type));
            return json && Json.Parse(body) == null ? "answered with JSON that cannot be read" : "";
        }

        /// <summary>Whether a body is a page of HTML, by its first characters or by its declared type.</summary>
        public static bool IsPage(Answer answer, string body)
        {
            var start = Comments.Replace(body.Substring(0, System.Math.Min(body.Length, 4096)), "");
            if (Page.IsMatch(start))
                return true;
            var type = answer.Header("content-type").ToLowerInvariant();
            var html = type.StartsWith("text/html") || type.StartsWith("application/xhtml");
            return html && start != "" && !start.StartsWith("{") && !start.StartsWith("[");
        }

        /// <summary>Whether a poll was answered with something that no repetition changes.</summary>
        public static bool IsRefusal(int status)
        {
            return status >= 300 && status < 500 && !new[] { 404, 408, 409, 410, 425, 429 }.Contains(status);
        }
    }
}
