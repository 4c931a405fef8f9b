using Npgsql;

namespace CityHelper.Data.Changes;

/// <summary>
/// Appends events that name no request. Requests have theirs from the statements that change them
/// (<see cref="ServiceRequests.RequestSql"/>).
/// </summary>
internal static class ChangeOutbox
{
    /// <summary>Appends an event in the caller's transaction, whose last statement it should be.</summary>
    /// <param name="connection">The connection with the transaction.</param>
    /// <param name="cityId">The city; 0 for what belongs to no city.</param>
    /// <param name="kind">What it is about.</param>
    /// <param name="cause">What changed it.</param>
    /// <param name="cancellation">Cancels the statement.</param>
    public static async Task AppendAsync(
        NpgsqlConnection connection, short cityId, ChangeKind kind, string cause, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "insert into change_outbox (city_id, event_id, kind, cause) values ($1, uuid_v7(), $2, $3)", connection)
        {
            Parameters = { new() { Value = cityId }, new() { Value = kind }, new() { Value = cause } },
        };
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Numbers what was committed. A failure here is no failure of the caller: the next pulse of any server numbers it.</summary>
    /// <param name="database">The primary.</param>
    /// <param name="cityId">The city.</param>
    /// <param name="cancellation">Cancels the statement.</param>
    public static async Task TryNumberAsync(NpgsqlDataSource database, short cityId, CancellationToken cancellation)
    {
        try
        {
            await new ChangeNumbering(new ChangeLog(database)).NumberAsync(cityId, null, Limits.NumberingWaitMax, cancellation);
        }
        catch (ChangeDatabaseException)
        {
            // As above.
        }
    }
}
