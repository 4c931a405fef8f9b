using System.Globalization;
using System.Reflection;

namespace CityHelper.Data.Import;

/// <summary>The SQL statements of the merge, each in a <c>.sql</c> file beside this class.</summary>
internal sealed class ImportSql(long runId)
{
    public static string StagedTable(long runId) => $"staging.row_{runId.ToString(CultureInfo.InvariantCulture)}";

    public static string Agencies { get; } = Read("agencies");

    public static string Probe { get; } = Read("probe");

    public static string Remember { get; } = Read("remember");

    public string Batches { get; } = Bind("batches", runId);

    public string Batch { get; } = Bind("batch", runId);

    public string Insert { get; } = Bind("insert", runId);

    public string History { get; } = Bind("history", runId);

    public string Update { get; } = Bind("update", runId);

    // A table's name cannot be a parameter; this one is a constant and a number.
    private static string Bind(string name, long runId) => Read(name).Replace("{staged}", StagedTable(runId), StringComparison.Ordinal);

    private static string Read(string name)
    {
        using var reader = new StreamReader(
            Assembly.GetExecutingAssembly().GetManifestResourceStream($"CityHelper.Data.Import.{name}.sql")!);
        return reader.ReadToEnd();
    }
}
