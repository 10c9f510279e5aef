using System;
using System.Collections.Generic;

namespace Background
{
    /// <summary>How a submit or an operation ended.</summary>
    public enum OutcomeKind
    {
        /// <summary>Accepted: await its operation.</summary>
        Accepted,

        /// <summary>The call ended, and well: with Finished and a 2xx, or at once with a 2xx.</summary>
        Succeeded,

        /// <summary>The call ended otherwise.</summary>
        Failed,

        /// <summary>Certainly not taken: mend it, and submit it again. Its status code is 0 if there was no answer.</summary>
        Refused,

        /// <summary>Nobody knows whether it was taken. Never submit it again: look whether it is there.</summary>
        Uncertain,

        /// <summary>The ERP no longer knows the operation; look what became of it.</summary>
        Expired,

        /// <summary>It ended in a way that nobody knows: look.</summary>
        Unclear,

        /// <summary>The ERP keeps refusing to tell: find out why, and await it again.</summary>
        Unreadable,
    }

    /// <summary>A call that the ERP has accepted. Keep it: with it anybody can await the outcome.</summary>
    public sealed class Operation
    {
        public string Id { get; set; }
        public DateTimeOffset AcceptedAt { get; set; }

        /// <summary>It is one of the ERP's actions, whose body tells whether it succeeded.</summary>
        public bool Action { get; set; }

        /// <summary>The ERP asked not to be polled before.</summary>
        public DateTimeOffset PollFrom { get; set; }
    }

    /// <summary>What became of a submit, or how an operation ended.</summary>
    public sealed class Outcome
    {
        public OutcomeKind Kind { get; set; }

        /// <summary>What there is to say of it to people; empty if nothing.</summary>
        public string Message { get; set; } = "";

        /// <summary>That of what was accepted, else null.</summary>
        public Operation Operation { get; set; }
        public int StatusCode { get; set; }

        /// <summary>Their names are in lower case; the location of what was created ends in its number.</summary>
        public Dictionary<string, List<string>> Headers { get; set; } = new Dictionary<string, List<string>>();

        /// <summary>Null if there is none.</summary>
        public Content Content { get; set; }

        public string Header(string name)
        {
            return Headers.TryGetValue(name, out var values) && values.Count > 0 ? values[0] : "";
        }

        public override string ToString()
        {
            return $"{Kind} {StatusCode} {Operation?.Id} {Message}";
        }

        /// <summary>What a 2xx means: success, unless an action's body says that it failed.</summary>
        internal Outcome Judged(bool action)
        {
            Kind = OutcomeKind.Succeeded;
            var body = action && Content != null ? Read.Fields(Content.Text()) : null;
            if (body.Scalar("actionresult").ToLowerInvariant() == "failed")
            {
                Kind = OutcomeKind.Failed;
                Message = body.Scalar("errorinfo");
            }
            return this;
        }
    }
}
