using CityHelper.Data.Changes;
using CityHelper.Server.Database;
using CityHelper.Server.Telemetry;
using Npgsql;

namespace CityHelper.Server.Changes;

/// <summary>Removes events and idempotency keys that are no longer kept. Several servers may, at once.</summary>
/// <param name="writing">The pool of writes: the change log's own must not wait.</param>
/// <param name="logger">Logs how many.</param>
internal sealed class ChangeTrimming(WritingConnections writing, ILogger<ChangeTrimming> logger)
{
    private readonly ChangeLog _log = new(writing.Database);

    /// <summary>Removes them in steps, city by city, until none is left.</summary>
    /// <param name="cityIds">The cities, 0 among them.</param>
    /// <param name="cancellation">Ends it after a step.</param>
    /// <exception cref="ChangeDatabaseException">The database does not answer.</exception>
    /// <exception cref="NpgsqlException">The same.</exception>
    public async Task RunAsync(ICollection<short> cityIds, CancellationToken cancellation)
    {
        long events = 0;
        foreach (short city in cityIds)
        {
            events += await _log.TrimAsync(city, cancellation);
        }

        LogMessages.ChangesTrimmed(logger, events, await ForgetKeysAsync(cancellation));
    }

    private async Task<long> ForgetKeysAsync(CancellationToken cancellation)
    {
        long forgotten = 0;
        while (true)
        {
            await using NpgsqlCommand keys = writing.Database.CreateCommand(
                """
                delete from idempotency_key
                where ctid = any (array(select ctid from idempotency_key where created_at < clock_timestamp() - $1 limit $2))
                """);
            keys.Parameters.Add(new() { Value = Data.Limits.IdempotencyKeysKept });
            keys.Parameters.Add(new() { Value = Data.Limits.TrimmedChangesMax });
            int step = await keys.ExecuteNonQueryAsync(cancellation);
            forgotten += step;
            if (step < Data.Limits.TrimmedChangesMax)
            {
                return forgotten;
            }
        }
    }
}

/// <summary>The log messages of trimming.</summary>
internal static partial class LogMessages
{
    [LoggerMessage(EventIds.ChangesTrimmed, LogLevel.Debug, "Removed {Events} events and {Keys} idempotency keys that are no longer kept")]
    public static partial void ChangesTrimmed(ILogger logger, long events, long keys);
}
