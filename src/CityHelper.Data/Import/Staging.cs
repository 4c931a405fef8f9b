using CityHelper.Data.Model;
using Npgsql;
using NpgsqlTypes;

namespace CityHelper.Data.Import;

/// <summary>Reads a feed to its end into its own staging table, in one transaction: a refused input leaves nothing.</summary>
internal sealed class Staging(NpgsqlConnection connection, short cityId, int batchRows, IProgress<ImportProgress>? progress)
{
    private readonly HashSet<int> _years = [];
    private readonly HashSet<string> _unknownStatuses = new(StringComparer.Ordinal);
    private int _read;
    private int _staged;
    private int _withoutLocation;

    /// <param name="feed">The rows to stage.</param>
    /// <param name="rejects">Where refused rows go.</param>
    /// <param name="lost">A run whose staging table was emptied by a crash of the server; it is filled again under the same id.</param>
    /// <param name="startedUtc">The start time, for the run's row.</param>
    /// <param name="cancellation">Rolls everything back.</param>
    /// <exception cref="BrokenInputException">The input is refused.</exception>
    public async Task<ImportRun> FillAsync(
        RowFeed feed, RejectsFile rejects, ImportRun? lost, DateTime startedUtc, CancellationToken cancellation)
    {
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellation);
        long runId = lost?.Id ?? await NextRunIdAsync(cancellation);
        string table = ImportSql.StagedTable(runId);
        await ExecuteAsync($"drop table if exists {table}", cancellation);
        // Unlogged: writing these rows to the WAL a second time would cost as much as parsing them, and the file is their copy.
        await ExecuteAsync($"create unlogged table {table} (like staging.row including defaults)", cancellation);
        ReferenceTables references = await ReferenceTables.LoadAsync(connection, cityId, cancellation);
        await CopyAsync(feed, table, references, rejects, cancellation);
        await rejects.EndAsync();
        await ExecuteAsync($"create unique index on {table} (id, number)", cancellation);
        await ExecuteAsync($"analyze {table}", cancellation);

        ImportRun run =
            lost ?? Run(runId, feed, rejects, references) with { HasDuplicates = await HasDuplicatesAsync(table, cancellation) };
        if (lost is null)
        {
            await run.InsertAsync(connection, cityId, feed.Source, startedUtc, cancellation);
        }

        // Last, because it appends an event.
        await references.WriteNewAsync(connection, cancellation);
        await transaction.CommitAsync(cancellation);
        return run;
    }

    private async Task CopyAsync(
        RowFeed feed, string table, ReferenceTables references, RejectsFile rejects, CancellationToken cancellation)
    {
        await using NpgsqlBinaryImporter writer = await connection.BeginBinaryImportAsync(
            $"copy {table} from stdin (format binary)", cancellation);
        writer.Timeout = TimeSpan.Zero;
        // Parsing runs ahead on another thread.
        await foreach (FedRow[] rows in ReadAhead.Of(feed.ReadAsync(cancellation), cancellation))
        {
            foreach (FedRow fed in rows)
            {
                await WriteAsync(writer, fed, references, rejects, cancellation);
            }

            progress?.Report(new(ImportPhase.Reading, _read, feed.Fraction));
        }

        await writer.CompleteAsync(cancellation);
        progress?.Report(new(ImportPhase.Reading, _read, 1));
    }

    private async ValueTask WriteAsync(
        NpgsqlBinaryImporter writer, FedRow fed, ReferenceTables references, RejectsFile rejects, CancellationToken cancellation)
    {
        _read++;
        if (fed.Mapped.Row is { } row)
        {
            await writer.StartRowAsync(cancellation);
            Write(writer, fed.Number, row, references);
            Count(row, fed.Mapped.UnknownStatus);
        }
        else
        {
            await rejects.AddAsync(fed.Number, fed.Mapped.Reason!, fed.Raw ?? "");
        }
    }

    private void Count(ImportRow row, string? unknownStatus)
    {
        _staged++;
        _withoutLocation += row.Longitude is null ? 1 : 0;
        _years.Add(row.CreatedAt.Year);
        if (unknownStatus is not null && _unknownStatuses.Count < Limits.UnknownStatusesMax)
        {
            _unknownStatuses.Add(unknownStatus);
        }
    }

    /// <remarks>
    /// In the order of the columns of <c>staging.row</c>. The synchronous Write only fills a buffer; 25 awaits per row would cost as much
    /// as the parsing. StartRowAsync, called for each row, sends a full buffer.
    /// </remarks>
    private static void Write(NpgsqlBinaryImporter writer, int number, ImportRow row, ReferenceTables references)
    {
        writer.Write(number, NpgsqlDbType.Integer);
        writer.Write(row.ExternalId, NpgsqlDbType.Text);
        writer.Write(ImportedIds.Wanted(row.CreatedAt, row.ExternalId), NpgsqlDbType.Bigint);
        writer.Write(references.CategoryOf(row.TypeName), NpgsqlDbType.Integer);
        Write(writer, references.AgencyOf(row.AgencyCode, row.AgencyName), NpgsqlDbType.Integer);
        writer.Write(row.Status, CityHelperDatabase.StatusTypeName);
        writer.Write(row.StatusStated, NpgsqlDbType.Boolean);
        Write(writer, row.SourceStatus);
        Write(writer, row.Title);
        Write(writer, row.Description);
        Write(writer, row.Address);
        Write(writer, row.PostalCode);
        Write(writer, row.District);
        Write(writer, row.Channel);
        Write(writer, row.Longitude, NpgsqlDbType.Double);
        Write(writer, row.Latitude, NpgsqlDbType.Double);
        writer.Write(row.CreatedAt, NpgsqlDbType.TimestampTz);
        Write(writer, row.ChangedAt, NpgsqlDbType.TimestampTz);
        Write(writer, row.DueAt, NpgsqlDbType.TimestampTz);
        Write(writer, row.ClosedAt, NpgsqlDbType.TimestampTz);
        Write(writer, row.Resolution);
        writer.Write(ContentHash.Of(row), NpgsqlDbType.Bigint);
        WriteHistory(writer, row);
    }

    private static void WriteHistory(NpgsqlBinaryImporter writer, ImportRow row)
    {
        if (row.History.Count == 0)
        {
            writer.WriteNull();
            writer.WriteNull();
            writer.WriteNull();
            return;
        }

        writer.Write(
            row.History.Select((change, place) => ImportedIds.OfChange(change.At, row.ExternalId, place)).ToArray(),
            NpgsqlDbType.Array | NpgsqlDbType.Bigint);
        writer.Write<ServiceRequestStatus[]>(
            [.. row.History.Select(change => change.Status)], CityHelperDatabase.StatusTypeName + "[]");
        writer.Write<string?[]>([.. row.History.Select(change => change.Note)], NpgsqlDbType.Array | NpgsqlDbType.Text);
    }

    private static void Write(NpgsqlBinaryImporter writer, string? text)
    {
        if (text is null)
        {
            writer.WriteNull();
        }
        else
        {
            writer.Write(text, NpgsqlDbType.Text);
        }
    }

    private static void Write<T>(NpgsqlBinaryImporter writer, T? value, NpgsqlDbType type)
        where T : struct
    {
        if (value is { } there)
        {
            writer.Write(there, type);
        }
        else
        {
            writer.WriteNull();
        }
    }

    private ImportRun Run(long id, RowFeed feed, RejectsFile rejects, ReferenceTables references) => new()
    {
        Id = id,
        Input = feed.Input,
        Fingerprint = feed.Fingerprint,
        PresentColumns = [.. feed.PresentColumns.Order(StringComparer.Ordinal)],
        RejectsFile = rejects.Path,
        RowsRead = _read,
        RowsStaged = _staged,
        RowsRejected = rejects.Count,
        WithoutLocation = _withoutLocation,
        NewCategories = [.. references.NewCategoryCodes],
        UnknownStatuses = [.. _unknownStatuses.Order(StringComparer.Ordinal)],
        StagedYears = [.. _years.Order()],
        HasDuplicates = false,
        BatchRows = batchRows,
    };

    private async Task<bool> HasDuplicatesAsync(string table, CancellationToken cancellation)
    {
        // Hashes two million keys in memory instead of sorting them on disk.
        await ExecuteAsync("set local work_mem = '64MB'", cancellation);
        await using var command = new NpgsqlCommand(
            $"select exists (select from {table} group by external_id having count(*) > 1)", connection) { CommandTimeout = 0 };
        return await command.ExecuteScalarAsync(cancellation) is true;
    }

    private async Task<long> NextRunIdAsync(CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select nextval(pg_get_serial_sequence('import_run', 'id'))", connection);
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    private async Task ExecuteAsync(string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
