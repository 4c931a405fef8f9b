using System.Collections.Concurrent;
using CityHelper.Engine.Documents;

namespace CityHelper.Engine.Caching;

/// <summary>
/// Answers that took long to read, shared between servers: (1) take what another has read (2) one server reads, the others wait for it, a
/// lease's time at most (3) share what was dear, for its max-age at most.
/// </summary>
/// <param name="shared">Where servers share; null without such a place.</param>
/// <param name="format">The bytes.</param>
/// <param name="time">The clock.</param>
internal sealed class DearAnswers(ISharedAnswers? shared, SharedFormat format, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, long> _dear = new(StringComparer.Ordinal);
    private readonly string _owner = Guid.NewGuid().ToString("N");

    /// <summary>Whether answers of an operation are asked for: one was dear lately. Others cost less than asking.</summary>
    public bool IsDear(Operation operation) =>
        shared is not null && _dear.TryGetValue(operation.Id, out long at) && time.GetElapsedTime(at) < Limits.StoredAnswerAgeMax;

    /// <summary>Remembers how long an answer's batches took.</summary>
    /// <returns>Whether it is dear.</returns>
    public bool Note(Operation operation, TimeSpan took)
    {
        if (shared is null || took < Limits.DearReading)
        {
            return false;
        }

        if (_dear.Count < Limits.DearOperationsMax || _dear.ContainsKey(operation.Id))
        {
            _dear[operation.Id] = time.GetTimestamp();
        }

        return true;
    }

    /// <summary>What another server has read, or reads now.</summary>
    /// <param name="name">The name of the answer.</param>
    /// <param name="open">Reads and judges bytes; null for what is not valid.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>The answer; null when this server is to read it.</returns>
    public async Task<StoredAnswer?> FindAsync(string name, Func<byte[], StoredAnswer?> open, CancellationToken cancellation)
    {
        long since = time.GetTimestamp();
        while (true)
        {
            if (await shared!.GetAsync(name, cancellation) is { } bytes && open(bytes) is { } found)
            {
                return found;
            }

            if (await shared.TryLeaseAsync(name, _owner, cancellation) || time.GetElapsedTime(since) >= Limits.LeaseTime)
            {
                // Another may have shared it, and given the lease back, since the look above.
                return await shared.GetAsync(name, cancellation) is { } late ? open(late) : null;
            }

            await Task.Delay(Limits.LeaseLook, time, cancellation);
        }
    }

    /// <summary>Shares a dear answer, and gives the lease back. It takes nothing of the caller's time.</summary>
    /// <param name="name">The name of the answer.</param>
    /// <param name="answer">The answer; null when there is none to share.</param>
    public async Task EndAsync(string name, StoredAnswer? answer)
    {
        if (answer is not null)
        {
            // A copy and a signature of up to 1 MB, which nobody waits for.
            await Task.Yield();
            await shared!.SetAsync(
                name, format.Write(name, answer), TimeSpan.FromSeconds(answer.Policy.MaxAgeSeconds), CancellationToken.None);
        }

        await shared!.ReleaseAsync(name, _owner, CancellationToken.None);
    }
}
