using System.Reflection;

namespace CityHelper.Data.Statistics;

/// <summary>The statements of the counters; each stands in a <c>.sql</c> file beside this class.</summary>
internal static class CounterSql
{
    private static readonly string CountChanges = Read("count_changes");

    private static readonly string ClosingChanges = Read("closing_changes");

    private static readonly string BoundaryAllMonths = Read("boundary_all_months");

    private static readonly string BoundaryRows = Read("boundary_rows");

    private static readonly string PackRows = Read("pack_rows");

    public static string Take { get; } = Read("take");

    public static string Rows { get; } = Read("rows");

    public static string DeltasAway { get; } = Read("deltas_away");

    public static string CountMerge { get; } = Bind("count_merge");

    public static string ClosingMerge { get; } = Bind("closing_merge");

    public static string Differences { get; } = Bind("differences");

    public static string BoundaryUncounted { get; } = Bind("boundary_uncounted");

    public static string BoundaryForget { get; } = Read("boundary_forget");

    public static string BoundaryFill { get; } = Bind("boundary_fill");

    public static string BoundaryChanges { get; } = Read("boundary_changes");

    public static string BoundaryDifferences { get; } = Bind("boundary_differences");

    public static string PackMark { get; } = Read("pack_mark");

    public static string PackFill { get; } = Bind("pack_fill");

    public static string PackDifferences { get; } = Bind("pack_differences");

    /// <summary>What the session gathers: the columns of <c>service_request_delta</c>, of one city.</summary>
    public const string CounterChange =
        """
        create temporary table if not exists counter_change (
            day date not null, cell bigint, category_id integer not null, agency_id integer not null, status service_request_status not null,
            bucket smallint, requests integer not null, longitude bigint not null, latitude bigint not null
        ) on commit delete rows
        """;

    // What is counted stands in one place, whether it is added or compared.
    private static string Bind(string name) => Read(name)
        .Replace("{count_changes}", CountChanges, StringComparison.Ordinal)
        .Replace("{closing_changes}", ClosingChanges, StringComparison.Ordinal)
        .Replace("{boundary_all_months}", BoundaryAllMonths, StringComparison.Ordinal)
        .Replace("{boundary_rows}", BoundaryRows, StringComparison.Ordinal)
        .Replace("{pack_rows}", PackRows, StringComparison.Ordinal);

    private static string Read(string name)
    {
        using var reader = new StreamReader(
            Assembly.GetExecutingAssembly().GetManifestResourceStream($"CityHelper.Data.Statistics.{name}.sql")!);
        return reader.ReadToEnd();
    }
}
