using System;
using System.Threading;
using System.Threading.Tasks;
using Background;

/// <summary>A clock whose waits take no time.</summary>
sealed class VirtualClock : IClock
{
    public DateTimeOffset Now { get; set; } = DateTimeOffset.FromUnixTimeSeconds(0);

    public Task Sleep(TimeSpan most, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        Now += most;
        return Task.FromResult(true);
    }
}
