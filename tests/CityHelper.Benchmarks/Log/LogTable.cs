using System.Globalization;
using System.Text;
using Spectre.Console;

namespace CityHelper.Benchmarks.Log;

/// <summary>What one part measured.</summary>
/// <param name="Title">What it compares.</param>
/// <param name="Columns">The names of the columns.</param>
/// <param name="Rows">As many cells as columns in each.</param>
internal sealed record LogTable(string Title, IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string>> Rows)
{
    public Table ToSpectre()
    {
        Table table = new Table().AddColumns([.. Columns.Select(column => column.EscapeMarkup())]).Title(Title.EscapeMarkup());
        foreach (IReadOnlyList<string> row in Rows)
        {
            table.AddRow([.. row.Select(cell => cell.EscapeMarkup())]);
        }

        return table;
    }

    public string ToMarkdown()
    {
        var text = new StringBuilder();
        text.Append(Title).Append("\n\n");
        foreach (IReadOnlyList<string> row in Rows.Prepend([.. Columns.Select(_ => "---")]).Prepend(Columns))
        {
            text.Append("| ").AppendJoin(" | ", row).Append(" |\n");
        }

        return text.ToString();
    }

    /// <summary>A number as a cell.</summary>
    public static string Cell(double value, string format = "F1") => value.ToString(format, CultureInfo.InvariantCulture);

    /// <summary>A ratio as a cell.</summary>
    public static string Ratio(double over, double under) => "x" + Cell(over / under, "F2");

    /// <summary>Numbers as one cell.</summary>
    public static string Cells(IEnumerable<double?> values, string format = "F1") =>
        string.Join(" / ", values.Select(value => value is { } known ? Cell(known, format) : "-"));

    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
