using CityHelper.Data.Changes;

namespace CityHelper.Server.Changes;

/// <summary>The copy of the change log where no Redis is configured: it holds nothing and takes nothing.</summary>
internal sealed class NoChangeStream : IChangeStream
{
    private static readonly Dictionary<short, IReadOnlyList<ChangeEvent>> s_nothing = [];

    public Task<StreamTail?> TailAsync(short cityId, CancellationToken cancellation) => Task.FromResult<StreamTail?>(null);

    public Task<StreamAppend?> AppendAsync(
        short cityId, ChangeIdentity? behind, IReadOnlyList<ChangeEvent> events, CancellationToken cancellation) =>
        Task.FromResult<StreamAppend?>(null);

    public Task<bool?> ResetAsync(
        short cityId, StreamTail seen, IReadOnlyList<ChangeEvent> events, CancellationToken cancellation) =>
        Task.FromResult<bool?>(null);

    public Task<IReadOnlyDictionary<short, IReadOnlyList<ChangeEvent>>?> ReadAsync(
        IReadOnlyDictionary<short, StreamTail> positions, int max, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyDictionary<short, IReadOnlyList<ChangeEvent>>?>(s_nothing);
}
