using System.Net.Sockets;
using CityHelper.Data.Model;
using NetTopologySuite.Geometries;
using Npgsql;

namespace CityHelper.Data.Changes;

/// <summary>The change log in PostgreSQL. Reasons: docs/decisions/0017-change-log.md.</summary>
/// <param name="database">A pool of the primary whose connections are read committed and may write.</param>
public sealed class ChangeLog(NpgsqlDataSource database) : IChangeDatabase
{
    private const string Columns =
        "city_id, n, epoch, event_id, kind, is_urgent, cause, recorded_at, numbered_at, service_request_id, version, "
        + "old_status, old_category_id, old_agency_id, old_location, status, category_id, agency_id, location, cells, is_all";

    /// <inheritdoc/>
    public Task<Numbering?> NumberAsync(short cityId, Guid? eventId, TimeSpan? wait, CancellationToken cancellation) =>
        GuardAsync<Numbering?>(async () =>
        {
            await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellation);
            await using NpgsqlBatch batch = connection.CreateBatch();
            string timeout = $"{(int)(wait ?? TimeSpan.Zero).TotalMilliseconds}ms";
            // One batch is one transaction, and the setting ends with it.
            batch.BatchCommands.Add(new("select set_config('lock_timeout', $1, true)") { Parameters = { new() { Value = timeout } } });
            batch.BatchCommands.Add(new("select n, epoch, head, is_other_timeline from number_changes($1, $2)")
            {
                Parameters = { new() { Value = cityId }, new() { Value = (object?)eventId ?? DBNull.Value, DataTypeName = "uuid" } },
            });
            try
            {
                await using NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellation);
                await reader.NextResultAsync(cancellation);
                await reader.ReadAsync(cancellation);
                var numbering = new Numbering(
                    reader.IsDBNull(0) ? null : reader.GetInt64(0), reader.GetInt32(1), reader.GetInt64(2), reader.GetBoolean(3));
                // Only the end of the batch says that it is committed.
                await reader.NextResultAsync(cancellation);
                return numbering;
            }
            catch (PostgresException cause) when (cause.SqlState == PostgresErrorCodes.LockNotAvailable)
            {
                return null;
            }
        });

    /// <inheritdoc/>
    public Task<IReadOnlyList<CityHead>> HeadsAsync(CancellationToken cancellation) => GuardAsync<IReadOnlyList<CityHead>>(async () =>
    {
        await using NpgsqlCommand command = database.CreateCommand(
            """
            select city_id, epoch, n, event_id, numbered_at, unnumbered_ms,
                   (select coalesce(e.timeline <> wal_timeline(), false) from change_epoch e order by e.epoch desc limit 1)
            from change_pulse()
            """);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        var heads = new List<CityHead>();
        while (await reader.ReadAsync(cancellation))
        {
            heads.Add(new(
                reader.GetInt16(0),
                reader.GetInt32(1),
                reader.GetInt64(2),
                reader.IsDBNull(3) ? null : new ChangeIdentity(reader.GetGuid(3), reader.GetDateTime(4)),
                reader.IsDBNull(5) ? null : TimeSpan.FromMilliseconds(reader.GetDouble(5)))
            {
                IsOtherTimeline = reader.GetBoolean(6),
            });
        }

        return heads;
    });

    /// <inheritdoc/>
    public Task<IReadOnlyList<ChangeEvent>> ReadAsync(short cityId, long from, int max, CancellationToken cancellation) =>
        EventsAsync($"select {Columns} from change where city_id = $1 and n >= $2 order by n limit $3", cancellation, cityId, from, max);

    /// <inheritdoc/>
    public Task<IReadOnlyList<ChangeEvent>> ReadRecentAsync(short cityId, TimeSpan age, int max, CancellationToken cancellation) =>
        EventsAsync(
            $"""
            select {Columns}
            from (
                select *, row_number() over (order by n desc) as place from change where city_id = $1 order by n desc limit $3
            ) newest
            where place = 1 or numbered_at > clock_timestamp() - $2
            order by n
            """, cancellation, cityId, age, max);

    /// <inheritdoc/>
    public Task<WitnessFinding> CheckAsync(Witness witness, CancellationToken cancellation) => GuardAsync(async () =>
    {
        await using NpgsqlCommand command = Command(
            "select check_change_witness($1, $2, $3, $4, $5)",
            witness.CityId, witness.Epoch, witness.Number, witness.Identity.EventId, witness.Identity.NumberedAt);
        return Enum.Parse<WitnessFinding>((string)(await command.ExecuteScalarAsync(cancellation))!, ignoreCase: true);
    });

    /// <inheritdoc/>
    public Task<int> RaiseEpochAsync(int known, string reason, Witness? witness, CancellationToken cancellation) => GuardAsync(async () =>
    {
        await using NpgsqlCommand command = witness is null
            ? Command("select raise_change_epoch($1, $2)", known, reason)
            : Command(
                "select raise_change_epoch($1, $2, $3, $4, $5, $6)",
                known, reason, witness.CityId, witness.Number, witness.Identity.EventId, witness.Identity.NumberedAt);
        return (int)(await command.ExecuteScalarAsync(cancellation))!;
    });

    /// <summary>Appends an event that demands that what is kept of a city is read again.</summary>
    /// <param name="cityId">The city.</param>
    /// <param name="purge">What.</param>
    /// <param name="reason">Why, as the event's cause.</param>
    /// <param name="cancellation">Cancels the statement.</param>
    /// <returns>The event's id.</returns>
    public Task<Guid> PurgeAsync(short cityId, ChangePurge purge, string reason, CancellationToken cancellation) => GuardAsync(async () =>
    {
        await using NpgsqlCommand command = Command(
            "insert into change_outbox (city_id, event_id, kind, cause, is_urgent, service_request_id, cells, is_all) "
                + "values ($1, uuid_v7(), $2, $3, true, $4, $5, $6) returning event_id",
            cityId, purge.Kind, reason, purge.ServiceRequestId ?? (object)DBNull.Value,
            purge.Cells.Count > 0 ? purge.Cells.ToArray() : DBNull.Value, purge.IsAll);
        return (Guid)(await command.ExecuteScalarAsync(cancellation))!;
    });

    /// <summary>Removes a city's events that were numbered longer ago than they are kept, in steps; never the newest.</summary>
    /// <param name="cityId">The city.</param>
    /// <param name="cancellation">Cancels the step that runs.</param>
    /// <returns>How many.</returns>
    public Task<long> TrimAsync(short cityId, CancellationToken cancellation) => GuardAsync(async () =>
    {
        long removed = 0;
        while (true)
        {
            await using NpgsqlCommand command =
                Command("select trim_changes($1, $2, $3)", cityId, Limits.ChangesKept, Limits.TrimmedChangesMax);
            long step = (long)(await command.ExecuteScalarAsync(cancellation))!;
            removed += step;
            if (step < Limits.TrimmedChangesMax)
            {
                return removed;
            }
        }
    });

    private Task<IReadOnlyList<ChangeEvent>> EventsAsync(string sql, CancellationToken cancellation, params object[] parameters) =>
        GuardAsync<IReadOnlyList<ChangeEvent>>(async () =>
        {
            await using NpgsqlCommand command = Command(sql, parameters);
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
            var events = new List<ChangeEvent>();
            while (await reader.ReadAsync(cancellation))
            {
                events.Add(Read(reader));
            }

            return events;
        });

    private NpgsqlCommand Command(string sql, params object[] parameters)
    {
        NpgsqlCommand command = database.CreateCommand(sql);
        foreach (object parameter in parameters)
        {
            command.Parameters.Add(new() { Value = parameter });
        }

        return command;
    }

    private static async Task<T> GuardAsync<T>(Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (Exception cause) when (cause is NpgsqlException or SocketException)
        {
            throw new ChangeDatabaseException(cause.Message, cause);
        }
    }

    private static ChangeEvent Read(NpgsqlDataReader reader) =>
        new(reader.GetInt16(0), reader.GetInt64(1), reader.GetInt32(2), reader.GetGuid(3), reader.GetFieldValue<ChangeKind>(4))
        {
            IsUrgent = reader.GetBoolean(5),
            Cause = reader.GetString(6),
            RecordedAt = reader.GetDateTime(7),
            NumberedAt = reader.GetDateTime(8),
            ServiceRequestId = reader.IsDBNull(9) ? null : reader.GetInt64(9),
            Version = reader.IsDBNull(10) ? null : reader.GetInt32(10),
            Before = RequestAt(reader, 11),
            After = RequestAt(reader, 15),
            Cells = reader.IsDBNull(19) ? [] : reader.GetFieldValue<long[]>(19),
            IsAll = reader.GetBoolean(20),
        };

    private static ChangedRequest? RequestAt(NpgsqlDataReader reader, int ordinal) => reader.IsDBNull(ordinal)
        ? null
        : new(
            reader.GetFieldValue<ServiceRequestStatus>(ordinal),
            reader.GetInt32(ordinal + 1),
            reader.IsDBNull(ordinal + 2) ? null : reader.GetInt32(ordinal + 2),
            reader.IsDBNull(ordinal + 3) ? null : reader.GetFieldValue<Point>(ordinal + 3));
}
