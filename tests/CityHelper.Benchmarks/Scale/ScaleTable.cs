using System.Globalization;
using System.Text;
using Spectre.Console;

namespace CityHelper.Benchmarks.Scale;

/// <summary>
/// One row per operation. A cell holds the measurement of every size and, in brackets, the ratio of the last to the first; access paths and
/// row counts that are the same in every city appear once.
/// </summary>
internal sealed class ScaleTable(IReadOnlyList<int> sizes, IReadOnlyList<IReadOnlyList<OperationCost>> measured)
{
    private static readonly string[] s_columns =
    [
        "operation", "access path", "rows", "buffers", "planning buffers", "planning ms", "execution ms", "PostgreSQL CPU us",
        "server CPU us",
    ];

    private IEnumerable<string[]> Rows => Enumerable.Range(0, measured[0].Count).Select(i => Row([.. measured.Select(m => m[i])]));

    private string Sizes =>
        "Requests in the city: " + string.Join(" / ", sizes.Select(s => s.ToString("N0", CultureInfo.InvariantCulture)))
        + "; in brackets the last over the first.";

    public Table ToSpectre()
    {
        Table table = new Table().AddColumns(s_columns).Title(Sizes.EscapeMarkup());
        foreach (string[] row in Rows)
        {
            table.AddRow([.. row.Select(cell => cell.EscapeMarkup())]);
        }

        return table;
    }

    public string ToMarkdown()
    {
        var text = new StringBuilder();
        text.Append(Sizes).Append("\n\n");
        foreach (string[] row in Rows.Prepend([.. s_columns.Select(_ => "---")]).Prepend(s_columns))
        {
            text.Append("| ").AppendJoin(" | ", row).Append(" |\n");
        }

        return text.ToString();
    }

    private static string[] Row(OperationCost[] costs) =>
    [
        costs[0].Name,
        Once(costs.Select(c => c.AccessPath)),
        Once(costs.Select(c => c.Rows.ToString(CultureInfo.InvariantCulture))),
        Measurements(costs, c => c.Statements?.Buffers, "F0"),
        Measurements(costs, c => c.Statements?.PlanningBuffers, "F0"),
        Measurements(costs, c => c.Statements?.PlanningMs, "F2"),
        Measurements(costs, c => c.Statements?.ExecutionMs, "F2"),
        Measurements(costs, c => c.PostgresMicroseconds, "F0"),
        Measurements(costs, c => c.ServerMicroseconds, "F0"),
    ];

    private static string Once(IEnumerable<string> values) => string.Join(" / ", values.Distinct().Count() == 1 ? values.Take(1) : values);

    private static string Measurements(OperationCost[] costs, Func<OperationCost, double?> measurement, string format)
    {
        double?[] measurements = [.. costs.Select(measurement)];
        if (measurements.Any(f => f is null))
        {
            return "-";
        }

        string all = string.Join(" / ", measurements.Select(f => f!.Value.ToString(format, CultureInfo.InvariantCulture)));
        return measurements is [> 0 and var first, .., var last]
            ? string.Create(CultureInfo.InvariantCulture, $"{all} (x{last / first:F1})")
            : all;
    }
}
