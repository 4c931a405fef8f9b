using Npgsql;

namespace CityHelper.Data.Import;

/// <summary>One row of <c>import_run</c>: what was staged, and how far the merge is.</summary>
internal sealed record ImportRun
{
    private const string Columns =
        "id, input, fingerprint, present_columns, rejects_file, rows_read, rows_staged, rows_rejected, without_location, "
        + "new_categories, unknown_statuses, staged_years, rows_merged, merged_to_id, merged_to_row, inserted, updated, unchanged, "
        + "corrected, touched_years";

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

    public int RowsMerged { get; init; }

    /// <summary>Key of the last staged row that is merged.</summary>
    public long MergedToId { get; init; } = long.MinValue;

    public int MergedToRow { get; init; }

    public int Inserted { get; init; }

    public int Updated { get; init; }

    public int Unchanged { get; init; }

    public int Corrected { get; init; }

    public int[] TouchedYears { get; init; } = [];

    /// <summary>The runs of a city and source that are staged but not merged to their ends, newest first.</summary>
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
                rows_rejected, without_location, new_categories, unknown_statuses, staged_years, started_at)
            overriding system value values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
            """, connection)
        {
            Parameters =
            {
                new() { Value = Id }, new() { Value = cityId }, new() { Value = source }, new() { Value = Input },
                new() { Value = Fingerprint }, new() { Value = PresentColumns }, new() { Value = (object?)RejectsFile ?? DBNull.Value },
                new() { Value = RowsRead }, new() { Value = RowsStaged }, new() { Value = RowsRejected },
                new() { Value = WithoutLocation }, new() { Value = NewCategories }, new() { Value = UnknownStatuses },
                new() { Value = StagedYears }, new() { Value = startedUtc },
            },
        };
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Writes how far the merge is, in the transaction of the batch.</summary>
    public async Task SaveProgressAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            update import_run
            set rows_merged = $2, merged_to_id = $3, merged_to_row = $4, inserted = $5, updated = $6, unchanged = $7,
                corrected = $8, touched_years = $9
            where id = $1
            """, connection)
        {
            Parameters =
            {
                new() { Value = Id }, new() { Value = RowsMerged }, new() { Value = MergedToId }, new() { Value = MergedToRow },
                new() { Value = Inserted }, new() { Value = Updated }, new() { Value = Unchanged }, new() { Value = Corrected },
                new() { Value = TouchedYears },
            },
        };
        await command.ExecuteNonQueryAsync(cancellation);
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
        RowsMerged = reader.GetInt32(12),
        MergedToId = reader.IsDBNull(13) ? long.MinValue : reader.GetInt64(13),
        MergedToRow = reader.IsDBNull(14) ? 0 : reader.GetInt32(14),
        Inserted = reader.GetInt32(15),
        Updated = reader.GetInt32(16),
        Unchanged = reader.GetInt32(17),
        Corrected = reader.GetInt32(18),
        TouchedYears = reader.GetFieldValue<int[]>(19),
    };
}
