using System.Reflection;

namespace CityHelper.Data.Statistics;

/// <summary>The SQL statements of the counters, each in a <c>.sql</c> file beside this class.</summary>
internal static class CounterSql
{
    private static readonly string CountChanges = Read("count_changes");

    private static readonly string ClosingChanges = Read("closing_changes");

    private static readonly string BoundaryAllMonths = Read("boundary_all_months");

    private static readonly string BoundaryRows = Read("boundary_rows");

    private static readonly string BlockRows = Read("block_rows");

    public static string Take { get; } = Read("take");

    public static string Rows { get; } = Read("rows");

    public static string DeltasAway { get; } = Read("deltas_away");

    public static string CountMerge { get; } = Bind("count_merge");

    public static string ClosingMerge { get; } = Bind("closing_merge");

    public static string Differences { get; } = Bind("differences");

    public static string BoundaryUncounted { get; } = Bind("boundary_uncounted");

    public static string BoundaryInvalidation { get; } = Read("boundary_invalidation");

    public static string BoundaryBackfill { get; } = Bind("boundary_backfill");

    public static string BoundaryChanges { get; } = Read("boundary_changes");

    public static string BoundaryDifferences { get; } = Bind("boundary_differences");

    public static string BlockRegistration { get; } = Read("block_registration");

    public static string BlockBackfill { get; } = Bind("block_backfill");

    public static string BlockDifferences { get; } = Bind("block_differences");

    /// <summary>The session's table of changes: the columns of <c>service_request_delta</c>, for one city.</summary>
    public const string CounterChange =
        """
        create temporary table if not exists counter_change (
            day date not null, cell bigint, category_id integer not null, agency_id integer not null,
            status service_request_status not null, bucket smallint, requests integer not null,
            longitude bigint not null, latitude bigint not null
        ) on commit delete rows
        """;

    // Adding and comparing share the SQL that counts.
    private static string Bind(string name) => Read(name)
        .Replace("{count_changes}", CountChanges, StringComparison.Ordinal)
        .Replace("{closing_changes}", ClosingChanges, StringComparison.Ordinal)
        .Replace("{boundary_all_months}", BoundaryAllMonths, StringComparison.Ordinal)
        .Replace("{boundary_rows}", BoundaryRows, StringComparison.Ordinal)
        .Replace("{block_rows}", BlockRows, StringComparison.Ordinal);

    private static string Read(string name)
    {
        using var reader = new StreamReader(
            Assembly.GetExecutingAssembly().GetManifestResourceStream($"CityHelper.Data.Statistics.{name}.sql")!);
        return reader.ReadToEnd();
    }
}
