using System.Globalization;
using System.Text;
using Spectre.Console;

namespace CityHelper.Benchmarks.Scale;

/// <summary>
/// A row per operation. A cell holds a figure of every size and, in brackets, how many times the first the last one is; forms and row
/// counts that are the same in every city are said once.
/// </summary>
internal sealed class ScaleTable(IReadOnlyList<int> sizes, IReadOnlyList<IReadOnlyList<OperationCost>> measured)
{
    private static readonly string[] s_columns =
        ["operation", "form", "rows", "buffers", "planning buffers", "planning ms", "execution ms", "PostgreSQL CPU us", "server CPU us"];

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
        Once(costs.Select(c => c.Form)),
        Once(costs.Select(c => c.Rows.ToString(CultureInfo.InvariantCulture))),
        Figures(costs, c => c.Statements?.Buffers, "F0"),
        Figures(costs, c => c.Statements?.PlanningBuffers, "F0"),
        Figures(costs, c => c.Statements?.PlanningMs, "F2"),
        Figures(costs, c => c.Statements?.ExecutionMs, "F2"),
        Figures(costs, c => c.PostgresMicroseconds, "F0"),
        Figures(costs, c => c.ServerMicroseconds, "F0"),
    ];

    private static string Once(IEnumerable<string> values) => string.Join(" / ", values.Distinct().Count() == 1 ? values.Take(1) : values);

    private static string Figures(OperationCost[] costs, Func<OperationCost, double?> figure, string format)
    {
        double?[] figures = [.. costs.Select(figure)];
        if (figures.Any(f => f is null))
        {
            return "-";
        }

        string all = string.Join(" / ", figures.Select(f => f!.Value.ToString(format, CultureInfo.InvariantCulture)));
        return figures is [> 0 and var first, .., var last]
            ? string.Create(CultureInfo.InvariantCulture, $"{all} (x{last / first:F1})")
            : all;
    }
}
