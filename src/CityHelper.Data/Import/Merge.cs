using CityHelper.Data.Model;
using Npgsql;

namespace CityHelper.Data.Import;

/// <summary>Makes requests of staged rows, batch by batch. Each batch is one transaction that also says how far the run is.</summary>
internal sealed class Merge(NpgsqlConnection connection, short cityId, int batchRows, IProgress<ImportProgress>? progress)
{
    /// <returns>The run, merged to its end.</returns>
    public async Task<ImportRun> RunAsync(ImportRun run, CancellationToken cancellation)
    {
        var sql = new ImportSql(run.Id);
        await PrepareSessionAsync(cancellation);
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            ImportRun next = await MergeBatchAsync(run, sql, cancellation);
            if (next.RowsMerged == run.RowsMerged)
            {
                return run;
            }

            run = next;
            progress?.Report(new(ImportPhase.Merging, run.RowsMerged, (double)run.RowsMerged / Math.Max(1, run.RowsStaged)));
        }
    }

    private async Task PrepareSessionAsync(CancellationToken cancellation) =>
        await ExecuteAsync(
            """
            create temporary table if not exists import_batch (
                number integer not null, external_id text not null, wanted_id bigint not null, id bigint not null, known boolean not null
            ) on commit delete rows
            """, cancellation);

    private async Task<ImportRun> MergeBatchAsync(ImportRun run, ImportSql sql, CancellationToken cancellation)
    {
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellation);
        ImportRun merged = run;
        for (int round = 1, rounds = 1; round <= rounds; round++)
        {
            Batch batch = await TakeAsync(run, sql, round, cancellation);
            if (batch.Rows == 0)
            {
                return run;
            }

            rounds = batch.Rounds;
            if (batch.New > 0)
            {
                await InsertAsync(batch, sql, transaction, cancellation);
            }

            Changes changes = batch.Known == 0 ? Changes.None : await UpdateAsync(batch, run, sql, cancellation);
            merged = Add(merged, batch, changes) with { RowsMerged = run.RowsMerged + batch.Rows };
        }

        await merged.SaveProgressAsync(connection, cancellation);
        await transaction.CommitAsync(cancellation);
        return merged;
    }

    private async Task<Batch> TakeAsync(ImportRun run, ImportSql sql, int round, CancellationToken cancellation)
    {
        if (round > 1)
        {
            await ExecuteAsync("truncate pg_temp.import_batch", cancellation);
        }

        await using NpgsqlCommand command = Command(sql.Batch, cityId, run.MergedToId, run.MergedToRow, batchRows, round);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        int rows = reader.GetInt32(0);
        return rows == 0
            ? default
            : new(rows, reader.GetInt32(1), reader.GetInt32(2), reader.GetInt32(3), reader.GetInt64(4), reader.GetInt64(5), reader.GetInt32(6));
    }

    private async Task InsertAsync(Batch batch, ImportSql sql, NpgsqlTransaction transaction, CancellationToken cancellation)
    {
        // Two requests of one millisecond want the same id about once in two million pairs: asking for each row whether its id is
        // free would cost more than to insert, count, and begin again.
        await transaction.SaveAsync("before_insert", cancellation);
        await using NpgsqlCommand insert = Command(sql.Insert, cityId, batch.FirstId, batch.LastId);
        if (await insert.ExecuteNonQueryAsync(cancellation) < batch.New)
        {
            await transaction.RollbackAsync("before_insert", cancellation);
            await FindFreeIdsAsync(cancellation);
            int inserted = await insert.ExecuteNonQueryAsync(cancellation);
            if (inserted != batch.New)
            {
                throw new InvalidOperationException($"{batch.New - inserted} rows found no free id; the import of this batch was rolled back.");
            }
        }

        await ExecuteAsync(ImportSql.Remember, cancellation, cityId);
        await ExecuteAsync(sql.History, cancellation, cityId, batch.FirstId, batch.LastId);
    }

    private async Task FindFreeIdsAsync(CancellationToken cancellation)
    {
        for (int step = 0; step < Limits.IdProbesMax; step++)
        {
            if (await ExecuteAsync(ImportSql.Probe, cancellation, cityId) == 0)
            {
                return;
            }
        }
    }

    private async Task<Changes> UpdateAsync(Batch batch, ImportRun run, ImportSql sql, CancellationToken cancellation)
    {
        // The planner knows nothing of the batch's size and would rather hash a city than look up twenty thousand rows.
        await ExecuteAsync("set local enable_hashjoin = off; set local enable_mergejoin = off", cancellation);
        Changes changes;
        await using (NpgsqlCommand command = Command(sql.Update, cityId, batch.FirstId, batch.LastId, run.PresentColumns))
        await using (NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation))
        {
            await reader.ReadAsync(cancellation);
            changes = new(reader.GetInt32(0), reader.GetInt32(1), reader.GetFieldValue<int[]>(2));
        }

        await ExecuteAsync("set local enable_hashjoin = on; set local enable_mergejoin = on", cancellation);
        return changes;
    }

    private static ImportRun Add(ImportRun run, Batch batch, Changes changes) => run with
    {
        MergedToId = batch.LastId,
        MergedToRow = batch.LastRow,
        Inserted = run.Inserted + batch.New,
        Updated = run.Updated + changes.Rows,
        Unchanged = run.Unchanged + batch.Known - changes.Rows,
        Corrected = run.Corrected + changes.Corrected,
        TouchedYears = [.. run.TouchedYears.Union(changes.Years).Union(batch.New > 0 ? batch.Years : []).Order()],
    };

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

    /// <param name="Rows">Staged rows the batch covers, over all rounds.</param>
    /// <param name="Taken">Rows of this round.</param>
    /// <param name="New">Of them, those with a key nobody has seen.</param>
    /// <param name="Rounds">How often the most frequent key stands in the batch.</param>
    /// <param name="FirstId">Smallest wanted id.</param>
    /// <param name="LastId">Largest wanted id.</param>
    /// <param name="LastRow">With <paramref name="LastId"/> the key of the last row.</param>
    private readonly record struct Batch(int Rows, int Taken, int New, int Rounds, long FirstId, long LastId, int LastRow)
    {
        public int Known => Taken - New;

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
