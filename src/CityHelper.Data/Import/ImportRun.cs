using Npgsql;

namespace CityHelper.Data.Import;

/// <summary>One row of <c>import_run</c>: what was staged, and how far the merge is.</summary>
internal sealed record ImportRun
{
    private const string Columns =
        "id, input, fingerprint, present_columns, rejects_file, rows_read, rows_staged, rows_rejected, without_location, "
        + "new_categories, unknown_statuses, staged_years, has_duplicates, batch_rows, merged_batches, rows_merged, inserted, updated, "
        + "unchanged, corrected, touched_years";

    public required long Id { get; init; }

    public required string Input { get; init; }

    public required string Fingerprint { get; init; }

    public required string[] PresentColumns { get; init; }

    public required string? RejectsFile { get; init; }

    public required int RowsRead { get; init; }

    public required int RowsStaged { get; init; }

    public required int RowsRejected { get; init; }

    public required int WithoutLocation { get; init; }

    public required string[] NewCategories { get; init; }

    public required string[] UnknownStatuses { get; init; }

    public required int[] StagedYears { get; init; }

    /// <summary>Whether a key occurs more than once in the input.</summary>
    public required bool HasDuplicates { get; init; }

    /// <summary>Rows of a batch; stored with the run, so that a later version of the program continues with the same batches.</summary>
    public required int BatchRows { get; init; }

    public int[] MergedBatches { get; init; } = [];

    public int RowsMerged { get; init; }

    public int Inserted { get; init; }

    public int Updated { get; init; }

    public int Unchanged { get; init; }

    public int Corrected { get; init; }

    public int[] TouchedYears { get; init; } = [];

    /// <summary>The runs of a city and source that are staged but not finished, newest first.</summary>
    public static async Task<IReadOnlyList<ImportRun>> UnfinishedAsync(
        NpgsqlConnection connection, short cityId, string source, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            $"select {Columns} from import_run where city_id = $1 and source = $2 and finished_at is null order by id desc", connection)
        {
            Parameters = { new() { Value = cityId }, new() { Value = source } },
        };
        var runs = new List<ImportRun>();
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            runs.Add(Read(reader));
        }

        return runs;
    }

    /// <summary>Writes a new run, in the transaction that staged its rows.</summary>
    public async Task InsertAsync(
        NpgsqlConnection connection, short cityId, string source, DateTime startedUtc, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            insert into import_run (id, city_id, source, input, fingerprint, present_columns, rejects_file, rows_read, rows_staged,
                rows_rejected, without_location, new_categories, unknown_statuses, staged_years, started_at,
                has_duplicates, batch_rows)
            overriding system value values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
            """, connection)
        {
            Parameters =
            {
                new() { Value = Id }, new() { Value = cityId }, new() { Value = source }, new() { Value = Input },
                new() { Value = Fingerprint }, new() { Value = PresentColumns }, new() { Value = (object?)RejectsFile ?? DBNull.Value },
                new() { Value = RowsRead }, new() { Value = RowsStaged }, new() { Value = RowsRejected },
                new() { Value = WithoutLocation }, new() { Value = NewCategories }, new() { Value = UnknownStatuses },
                new() { Value = StagedYears }, new() { Value = startedUtc },
                new() { Value = HasDuplicates }, new() { Value = BatchRows },
            },
        };
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>
    /// Claims a batch for the transaction. The import's own lock belongs to another connection, which may be lost while workers go on. A
    /// second process then waits here, and sees what is merged.
    /// </summary>
    /// <returns>False when the batch is merged already.</returns>
    public static async Task<bool> ClaimBatchAsync(NpgsqlConnection connection, long runId, int batch, CancellationToken cancellation)
    {
        await using var claim = new NpgsqlCommand("select pg_advisory_xact_lock(hashtextextended($1, 0))", connection)
        {
            CommandTimeout = 0,
            Parameters = { new() { Value = $"import run {runId} batch {batch}" } },
        };
        await claim.ExecuteNonQueryAsync(cancellation);
        await using var merged = new NpgsqlCommand("select $2 = any (merged_batches) from import_run where id = $1", connection)
        {
            Parameters = { new() { Value = runId }, new() { Value = batch } },
        };
        return await merged.ExecuteScalarAsync(cancellation) is not true;
    }

    /// <summary>Records a batch as merged, in the batch's transaction. Workers wait here briefly for each other's commit.</summary>
    public static async Task AddBatchAsync(NpgsqlConnection connection, long runId, BatchResult batch, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            update import_run
            set merged_batches = merged_batches || $2, rows_merged = rows_merged + $3, inserted = inserted + $4,
                updated = updated + $5, unchanged = unchanged + $6, corrected = corrected + $7,
                touched_years = (select coalesce(array_agg(distinct year order by year), '{}') from unnest(touched_years || $8) year)
            where id = $1
            """, connection)
        {
            Parameters =
            {
                new() { Value = runId }, new() { Value = batch.Number }, new() { Value = batch.Rows }, new() { Value = batch.Inserted },
                new() { Value = batch.Updated }, new() { Value = batch.Unchanged }, new() { Value = batch.Corrected },
                new() { Value = batch.TouchedYears },
            },
        };
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>The current state of the run.</summary>
    public async Task<ImportRun> ReloadAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand($"select {Columns} from import_run where id = $1", connection)
        {
            Parameters = { new() { Value = Id } },
        };
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        return Read(reader);
    }

    private static ImportRun Read(NpgsqlDataReader reader) => new()
    {
        Id = reader.GetInt64(0),
        Input = reader.GetString(1),
        Fingerprint = reader.GetString(2),
        PresentColumns = reader.GetFieldValue<string[]>(3),
        RejectsFile = reader.IsDBNull(4) ? null : reader.GetString(4),
        RowsRead = reader.GetInt32(5),
        RowsStaged = reader.GetInt32(6),
        RowsRejected = reader.GetInt32(7),
        WithoutLocation = reader.GetInt32(8),
        NewCategories = reader.GetFieldValue<string[]>(9),
        UnknownStatuses = reader.GetFieldValue<string[]>(10),
        StagedYears = reader.GetFieldValue<int[]>(11),
        HasDuplicates = reader.GetBoolean(12),
        BatchRows = reader.GetInt32(13),
        MergedBatches = reader.GetFieldValue<int[]>(14),
        RowsMerged = reader.GetInt32(15),
        Inserted = reader.GetInt32(16),
        Updated = reader.GetInt32(17),
        Unchanged = reader.GetInt32(18),
        Corrected = reader.GetInt32(19),
        TouchedYears = reader.GetFieldValue<int[]>(20),
    };
}

/// <summary>The result of one batch.</summary>
internal sealed record BatchResult(
    int Number, int Rows, int Inserted, int Updated, int Unchanged, int Corrected, int[] TouchedYears);
