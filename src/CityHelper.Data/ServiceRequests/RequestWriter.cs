using CityHelper.Data.Changes;
using CityHelper.Data.Partitions;
using Npgsql;

namespace CityHelper.Data.ServiceRequests;

/// <summary>
/// Writes requests: the write path of mutations. The importer has its own, made of the same SQL (<see cref="RequestSql"/>).
/// </summary>
/// <remarks>
/// (1) Claim the idempotency key: a write with the same key waits here for the first. (2) Lock the rows and read them. (3) Decide in C#.
/// (4) One statement changes a row and writes what that causes, the event last. (5) Commit. (6) Number the city's events. A deadlock
/// repeats (1) to (5), and so does a year without partitions, once they are made.
/// </remarks>
/// <param name="database">A pool of the primary whose connections are read committed.</param>
/// <param name="numbering">Numbers the events.</param>
/// <param name="time">The clock of changes.</param>
public sealed class RequestWriter(NpgsqlDataSource database, ChangeNumbering numbering, TimeProvider time)
{
    private readonly CityPartitions _partitions = new(database, time);

    /// <summary>Writes.</summary>
    /// <param name="write">The write.</param>
    /// <param name="cancellation">
    /// Cancels what is not committed. A write that somebody sent should not be cancelled because they left.
    /// </param>
    /// <exception cref="NpgsqlException">
    /// The database failed, or the write was not committed within <see cref="Limits.WriteTimeMax"/>. Whether the write is committed is
    /// unknown when it failed at the commit; a write with a key can be sent again.
    /// </exception>
    public async Task<WriteOutcome> WriteAsync(RequestWrite write, CancellationToken cancellation)
    {
        WriteOutcome outcome = await AttemptAsync(write, cancellation);
        return outcome is WriteOutcome.Done { EventId: { } eventId } done
            ? done with { Position = await PositionAsync(write.CityId, eventId, cancellation) } // (6)
            : outcome;
    }

    private async Task<WriteOutcome> AttemptAsync(RequestWrite write, CancellationToken cancellation)
    {
        // One deadline for all attempts, the wait for a connection among them: whoever holds the rows may hold them for minutes.
        using var deadline = new CancellationTokenSource(Limits.WriteTimeMax, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellation);
        try
        {
            return await AttemptsAsync(write, both.Token);
        }
        catch (OperationCanceledException cause) when (!cancellation.IsCancellationRequested)
        {
            throw new NpgsqlException("The write was not done in time.", new TimeoutException(cause.Message, cause));
        }
    }

    private async Task<WriteOutcome> AttemptsAsync(RequestWrite write, CancellationToken cancellation)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await TransactAsync(write, cancellation);
            }
            catch (PostgresException cause)
                when (cause.SqlState == PostgresErrorCodes.DeadlockDetected && attempt < Limits.WriteAttemptsMax)
            {
                // PostgreSQL rolled this one back, so that the other goes on.
            }
            catch (PostgresException cause) when (IsWithoutPartition(cause) && attempt < Limits.WriteAttemptsMax)
            {
                // A report in a year for which nobody made the partitions: the clock is right, so make them and go on.
                await _partitions.CreateAheadAsync(write.CityId, cancellation);
            }
        }
    }

    private async Task<WriteOutcome> TransactAsync(RequestWrite write, CancellationToken cancellation)
    {
        await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellation);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellation);
        if (write.Key is { } key && await ClaimAsync(connection, write, key, cancellation) is { } earlier) // (1)
        {
            return earlier;
        }

        // As precise as the database stores times, or the stored time would differ from that of the history.
        DateTime now = time.GetUtcNow().UtcDateTime;
        DateTime at = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMillisecond));
        WriteOutcome outcome = await write.RunAsync(new(connection, write.CityId, write.Cause, at), cancellation); // (2) to (4)
        if (outcome is WriteOutcome.Done done)
        {
            await RememberAsync(connection, write, done, cancellation);
            // Not cancelled: nobody could say whether it was done.
            await transaction.CommitAsync(CancellationToken.None); // (5)
        }

        return outcome;
    }

    // "no partition of relation … found for row" names neither a constraint nor a column, as a violated check does.
    private static bool IsWithoutPartition(PostgresException cause) =>
        cause.SqlState == PostgresErrorCodes.CheckViolation && cause.ConstraintName is null && cause.TableName is not null;

    /// <summary>Claims the key for this transaction; another one with the same key waits until it ends.</summary>
    /// <returns>The outcome of the write that has used the key; null when this is the first.</returns>
    private static async Task<WriteOutcome?> ClaimAsync(
        NpgsqlConnection connection, RequestWrite write, IdempotencyKey key, CancellationToken cancellation)
    {
        await using NpgsqlCommand claim = Command(
            connection,
            """
            insert into idempotency_key (city_id, client, key, mutation, input_hash) values ($1, $2, $3, $4, $5)
            on conflict (city_id, client, key) do nothing
            """,
            write.CityId, key.Client, key.Key, write.Cause, key.InputHash);
        if (await claim.ExecuteNonQueryAsync(cancellation) == 1)
        {
            return null;
        }

        await using NpgsqlCommand find = Command(
            connection,
            """
            select mutation, input_hash, service_request_id, event_id
            from idempotency_key
            where city_id = $1 and client = $2 and key = $3
            """,
            write.CityId, key.Client, key.Key);
        await using NpgsqlDataReader reader = await find.ExecuteReaderAsync(cancellation);
        if (!await reader.ReadAsync(cancellation))
        {
            throw new InvalidOperationException("The idempotency key was removed between two statements; it is kept for a day.");
        }

        return reader.GetString(0) == write.Cause && reader.GetFieldValue<byte[]>(1).AsSpan().SequenceEqual(key.InputHash)
            ? new WriteOutcome.Done(reader.GetInt64(2), reader.IsDBNull(3) ? null : reader.GetGuid(3)) { IsRepetition = true }
            : new WriteOutcome.Refused(new WriteRefusal.KeyReused());
    }

    private static async Task RememberAsync(
        NpgsqlConnection connection, RequestWrite write, WriteOutcome.Done done, CancellationToken cancellation)
    {
        if (write.Key is { } key)
        {
            await using NpgsqlCommand command = Command(
                connection,
                """
                update idempotency_key set service_request_id = $4, event_id = $5
                where city_id = $1 and client = $2 and key = $3
                """,
                write.CityId, key.Client, key.Key, done.RequestId, (object?)done.EventId ?? DBNull.Value);
            command.Parameters[^1].DataTypeName = "uuid";
            await command.ExecuteNonQueryAsync(cancellation);
        }
    }

    /// <summary>The place of an event in the log. A failure here does not undo the write: then the place is unknown.</summary>
    private async Task<(int Epoch, long Number)?> PositionAsync(short cityId, Guid eventId, CancellationToken cancellation)
    {
        // For a connection, both locks and the statement together.
        using var deadline = new CancellationTokenSource(Limits.NumberingWaitMax, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellation);
        try
        {
            return await numbering.NumberAsync(cityId, eventId, Limits.NumberingWaitMax, both.Token) is { Number: { } number } numbered
                ? (numbered.Epoch, number)
                : null;
        }
        catch (Exception cause) when (cause is ChangeDatabaseException or OperationCanceledException)
        {
            // The next pulse of any server numbers it.
            return null;
        }
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, params object[] parameters)
    {
        var command = new NpgsqlCommand(sql, connection);
        foreach (object parameter in parameters)
        {
            command.Parameters.Add(new() { Value = parameter });
        }

        return command;
    }
}
