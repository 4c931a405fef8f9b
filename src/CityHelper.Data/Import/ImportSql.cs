using System.Globalization;
using System.Reflection;
using CityHelper.Data.ServiceRequests;

namespace CityHelper.Data.Import;

/// <summary>The SQL statements of the merge, each in a <c>.sql</c> file beside this class.</summary>
/// <param name="runId">The run.</param>
/// <param name="collects">Whether the statements collect what the batch's events tell.</param>
internal sealed class ImportSql(long runId, bool collects = true)
{
    /// <summary>Stands for a statement that is left out; PostgreSQL does not run it.</summary>
    private const string Nothing = "select";

    public static string StagedTable(long runId) => $"staging.row_{runId.ToString(CultureInfo.InvariantCulture)}";

    public static string Agencies { get; } = Read("agencies");

    public static string Probe { get; } = Read("probe");

    public static string Remember { get; } = Read("remember");

    /// <summary>Writes the events of a batch.</summary>
    public static string Events { get; } = Read("events").Replace(
        "{event}",
        RequestSql.Event("$1", "'import'", "(select * from changes where not (select is_bulk from size))"),
        StringComparison.Ordinal);

    /// <summary>The session's tables of what a batch changes, over all its rounds.</summary>
    public const string Tables =
        """
        create temporary table if not exists import_batch (
            number integer not null, external_id text not null, wanted_id bigint not null, id bigint not null, known boolean not null
        ) on commit delete rows;
        create temporary table if not exists import_change (
            round integer not null, id bigint not null, version integer not null,
            old_status service_request_status, old_category_id integer, old_agency_id integer, old_location geometry(Point, 4326),
            status service_request_status not null, category_id integer not null, agency_id integer, location geometry(Point, 4326)
        ) on commit delete rows;
        create temporary table if not exists import_cell (cell bigint primary key) on commit delete rows
        """;

    public string Batches { get; } = BindStaged("batches", runId);

    public string Batch { get; } = BindStaged("batch", runId);

    /// <summary>Inserts new requests; the round is <c>$4</c>.</summary>
    public string Insert { get; } = Caused("insert", "$4", runId, collects);

    public string History { get; } = BindStaged("history", runId);

    /// <summary>Updates known requests; the round is <c>$5</c>.</summary>
    public string Update { get; } = Caused("update", "$5", runId, collects)
        .Replace("{version}", RequestSql.Version("r"), StringComparison.Ordinal)
        .Replace("{updated_at}", RequestSql.UpdatedAt("n.told_at", "r"), StringComparison.Ordinal);

    // With what a change causes. Its events wait for the batch's last statement.
    private static string Caused(string name, string round, long runId, bool collects) =>
        RequestSql.Bind(BindStaged(name, runId), "$1", "'import'")
        .Replace("{collect}", collects ? Read("collect") : Nothing, StringComparison.Ordinal)
        .Replace("{locate}", collects ? Read("locate") : Nothing, StringComparison.Ordinal)
        .Replace("{round}", round, StringComparison.Ordinal)
        .Replace("{rows}", Number(Limits.BatchEventsMax + 1), StringComparison.Ordinal)
        .Replace("{cells}", Number(Limits.EventCellsMax + 1), StringComparison.Ordinal);

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    // A table's name cannot be a parameter; this one is a constant and a number.
    private static string BindStaged(string name, long runId) =>
        Read(name).Replace("{staged}", StagedTable(runId), StringComparison.Ordinal);

    private static string Read(string name)
    {
        using var reader = new StreamReader(
            Assembly.GetExecutingAssembly().GetManifestResourceStream($"CityHelper.Data.Import.{name}.sql")!);
        return reader.ReadToEnd();
    }
}
