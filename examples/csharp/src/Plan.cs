using System;

namespace Background
{
    /// <summary>The pauses between polls: First, then each time Factor longer, at most Longest.</summary>
    public sealed class Poll
    {
        public TimeSpan First { get; set; } = TimeSpan.FromSeconds(2);
        public double Factor { get; set; } = 1.5;
        public TimeSpan Longest { get; set; } = TimeSpan.FromMinutes(1);
    }

    /// <summary>The pauses of one wait.</summary>
    sealed class Plan
    {
        readonly Poll poll;
        TimeSpan next;

        public Plan(Poll poll)
        {
            this.poll = poll;
            next = poll.First;
        }

        public TimeSpan Next()
        {
            var pause = next;
            var longer = TimeSpan.FromTicks((long)(pause.Ticks * poll.Factor));
            next = longer < poll.Longest ? longer : poll.Longest;
            return pause;
        }

        /// <summary>The end is near: short pauses again.</summary>
        public void Reset()
        {
            next = poll.First;
        }
    }

    /// <summary>How often, and for how long, polls in a row have said the same.</summary>
    sealed class Streak
    {
        DateTimeOffset since;

        public int Count { get; private set; }
        public TimeSpan Lasts { get; private set; }

        /// <summary>Counts a poll; one that says something else ends the streak. Tells whether it goes on.</summary>
        public bool GoesOn(bool same, DateTimeOffset now)
        {
            if (same && Count == 0)
                since = now;
            Count = same ? Count + 1 : 0;
            Lasts = same ? now - since : TimeSpan.Zero;
            return same;
        }
    }
}
