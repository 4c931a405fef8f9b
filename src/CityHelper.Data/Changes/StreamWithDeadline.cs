namespace CityHelper.Data.Changes;

/// <summary>A stream whose calls end in time: a Redis that hangs is away, and must not keep anybody from reading the database.</summary>
/// <remarks>
/// After a call that did not end in time it is left alone for a second: a busy city is followed many times in that second, and each time
/// would wait. A call that was given up may still be carried out. That is harmless: its script compares what it finds then.
/// </remarks>
/// <param name="stream">The stream.</param>
/// <param name="time">The clock.</param>
internal sealed class StreamWithDeadline(IChangeStream stream, TimeProvider time) : IChangeStream
{
    private long? _gaveUp;

    public Task<StreamTail?> TailAsync(short cityId, CancellationToken cancellation) =>
        InTimeAsync(token => stream.TailAsync(cityId, token), cancellation);

    public Task<StreamAppend?> AppendAsync(
        short cityId, ChangeIdentity? behind, IReadOnlyList<ChangeEvent> events, CancellationToken cancellation) =>
        InTimeAsync(token => stream.AppendAsync(cityId, behind, events, token), cancellation);

    public Task<bool?> ResetAsync(
        short cityId, StreamTail seen, IReadOnlyList<ChangeEvent> events, CancellationToken cancellation) =>
        InTimeAsync(token => stream.ResetAsync(cityId, seen, events, token), cancellation);

    public Task<IReadOnlyDictionary<short, IReadOnlyList<ChangeEvent>>?> ReadAsync(
        IReadOnlyDictionary<short, StreamTail> positions, int max, CancellationToken cancellation) =>
        InTimeAsync(token => stream.ReadAsync(positions, max, token), cancellation);

    private async Task<T?> InTimeAsync<T>(Func<CancellationToken, Task<T?>> call, CancellationToken cancellation)
    {
        if (_gaveUp is { } at && time.GetElapsedTime(at) < Limits.StreamRestTime)
        {
            return default;
        }

        using var deadline = new CancellationTokenSource(Limits.StreamTimeMax, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellation);
        try
        {
            T? answer = await call(both.Token);
            _gaveUp = null;
            return answer;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            _gaveUp = time.GetTimestamp();
            return default;
        }
    }
}
