using CityHelper.Data.Model;
using Npgsql;

namespace CityHelper.Data.Import;

/// <summary>Merges one batch in one transaction.</summary>
/// <remarks>
/// (1) Known keys find their ids. (2) The others become requests (3) and are recorded. (4) Known requests take what is newer. (5) The run's
/// row records that the batch is merged. (6) The last statement appends the batch's events. The statements of (2) and (4) also append the
/// counters' deltas. Each key takes part once in a round. There are as many rounds as rows of the most frequent key, nearly always one.
/// </remarks>
internal sealed class BatchMerge(NpgsqlConnection connection, short cityId, ImportRun run, bool writesEvents)
{
    private readonly ImportSql _sql = new(run.Id, writesEvents);

    public async Task<BatchResult> RunAsync(MergeBatch batch, CancellationToken cancellation)
    {
        await ExecuteAsync(ImportSql.Tables, cancellation);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellation);
        var result = new BatchResult(batch.Number, 0, 0, 0, 0, 0, []);
        if (!await ImportRun.ClaimBatchAsync(connection, run.Id, batch.Number, cancellation))
        {
            return result;
        }

        for (int round = 1, rounds = 1; round <= rounds; round++)
        {
            Taken taken = await TakeAsync(batch, round, cancellation);                                                    // (1)
            rounds = taken.Rounds;
            if (taken.New > 0)
            {
                await InsertAsync(taken, round, transaction, cancellation);                                               // (2), (3)
            }

            Changes changes = taken.Known == 0 ? Changes.None : await UpdateAsync(taken, round, cancellation);            // (4)
            result = Add(result, taken, changes);
        }

        await ImportRun.AddBatchAsync(connection, run.Id, result, cancellation);                                          // (5)
        if (writesEvents)
        {
            await ExecuteAsync(ImportSql.Events, cancellation, cityId, Limits.BatchEventsMax, Limits.EventCellsMax);      // (6)
        }

        await transaction.CommitAsync(cancellation);
        return result;
    }

    private static BatchResult Add(BatchResult result, Taken taken, Changes changes) => result with
    {
        Rows = taken.BatchRows,
        Inserted = result.Inserted + taken.New,
        Updated = result.Updated + changes.Rows,
        Unchanged = result.Unchanged + taken.Known - changes.Rows,
        Corrected = result.Corrected + changes.Corrected,
        TouchedYears = [.. result.TouchedYears.Union(changes.Years).Union(taken.New > 0 ? taken.Years : [])],
    };

    private async Task<Taken> TakeAsync(MergeBatch batch, int round, CancellationToken cancellation)
    {
        if (round > 1)
        {
            await ExecuteAsync("truncate pg_temp.import_batch", cancellation);
        }

        await using NpgsqlCommand command = Command(
            _sql.Batch, cityId, batch.After.Id, batch.After.Number, batch.Last.Id, batch.Last.Number, round);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        return new(reader.GetInt32(0), reader.GetInt32(1), reader.GetInt32(2), reader.GetInt32(3), reader.GetInt64(4), reader.GetInt64(5));
    }

    private async Task InsertAsync(Taken taken, int round, NpgsqlTransaction transaction, CancellationToken cancellation)
    {
        // Two requests of one millisecond want the same id about once in two million pairs. Checking for each row whether its id is free
        // would cost more than to insert, count and start again.
        await transaction.SaveAsync("before_insert", cancellation);
        await using NpgsqlCommand insert = Command(_sql.Insert, cityId, taken.FirstId, taken.LastId, round);
        int inserted = (int)(await insert.ExecuteScalarAsync(cancellation))!;
        if (inserted < taken.New)
        {
            await transaction.RollbackAsync("before_insert", cancellation);
            await FindFreeIdsAsync(cancellation);
            inserted = (int)(await insert.ExecuteScalarAsync(cancellation))!;
            if (inserted != taken.New)
            {
                throw new InvalidOperationException($"{taken.New - inserted} rows found no free id; their batch was rolled back.");
            }
        }

        await ExecuteAsync(ImportSql.Remember, cancellation, cityId);
        await ExecuteAsync(_sql.History, cancellation, cityId, taken.FirstId, taken.LastId);
    }

    private async Task FindFreeIdsAsync(CancellationToken cancellation)
    {
        // Without the index each step compares every row of the batch with every other: 40 s for one collision among 20,000 rows.
        await ExecuteAsync(
            "create index if not exists import_batch_id on pg_temp.import_batch (id); analyze pg_temp.import_batch", cancellation);
        for (int step = 0; step < Limits.IdProbesMax; step++)
        {
            if (await ExecuteAsync(ImportSql.Probe, cancellation, cityId) == 0)
            {
                return;
            }
        }
    }

    private async Task<Changes> UpdateAsync(Taken taken, int round, CancellationToken cancellation)
    {
        // The planner does not know the batch's size and would hash a whole city rather than look up 20,000 rows.
        await ExecuteAsync("set local enable_hashjoin = off; set local enable_mergejoin = off", cancellation);
        Changes changes;
        await using (NpgsqlCommand command = Command(_sql.Update, cityId, taken.FirstId, taken.LastId, run.PresentColumns, round))
        await using (NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation))
        {
            await reader.ReadAsync(cancellation);
            changes = new(reader.GetInt32(0), reader.GetInt32(1), reader.GetFieldValue<int[]>(2));
        }

        await ExecuteAsync("set local enable_hashjoin = on; set local enable_mergejoin = on", cancellation);
        return changes;
    }

    private async Task<int> ExecuteAsync(string sql, CancellationToken cancellation, params object[] parameters)
    {
        await using NpgsqlCommand command = Command(sql, parameters);
        return await command.ExecuteNonQueryAsync(cancellation);
    }

    private NpgsqlCommand Command(string sql, params object[] parameters)
    {
        var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        foreach (object parameter in parameters)
        {
            command.Parameters.Add(new() { Value = parameter });
        }

        return command;
    }

    /// <param name="BatchRows">Staged rows of the batch, over all rounds.</param>
    /// <param name="Rows">Rows of this round.</param>
    /// <param name="New">Of them, those with an unknown key.</param>
    /// <param name="Rounds">Rows of the batch that have its most frequent key.</param>
    /// <param name="FirstId">Smallest wanted id.</param>
    /// <param name="LastId">Largest wanted id.</param>
    private readonly record struct Taken(int BatchRows, int Rows, int New, int Rounds, long FirstId, long LastId)
    {
        public int Known => Rows - New;

        public IEnumerable<int> Years
        {
            get
            {
                int first = RequestId.TimeOf(FirstId).Year;
                return Enumerable.Range(first, RequestId.TimeOf(LastId).Year - first + 1);
            }
        }
    }

    private readonly record struct Changes(int Rows, int Corrected, int[] Years)
    {
        public static Changes None { get; } = new(0, 0, []);
    }
}
