using System.Globalization;
using System.Text;

namespace CityHelper.Benchmarks.Overload;

/// <summary>One row per stage, as Markdown.</summary>
internal static class OverloadTable
{
    private static readonly string[] s_columns =
    [
        "load", "statistics/s", "refused/s", "503 share", "not sent", "admitted p50 / p95 ms", "503 p50 / p95 ms", "map p50 / p95 ms",
        "ready p50 / p95 / max ms", "server MB",
    ];

    public static string Of(IEnumerable<StageOutcome> outcomes)
    {
        var text = new StringBuilder();
        foreach (string[] row in outcomes.Select(Row).Prepend([.. s_columns.Select(_ => "---")]).Prepend(s_columns))
        {
            text.Append("| ").AppendJoin(" | ", row).Append(" |\n");
        }

        return text.ToString();
    }

    private static string[] Row(StageOutcome o)
    {
        int all = o.Answered.Count + o.Refused.Count;
        return
        [
            o.Name,
            Text(o.PerSecond, "F1"),
            Text(o.Refused.Count / o.Took.TotalSeconds, "F1"),
            all == 0 ? "-" : Text(100.0 * o.Refused.Count / all, "F0") + " %",
            Text(o.Unsent, "F0"),
            Quantiles(o.Answered, 0.5, 0.95),
            Quantiles(o.Refused, 0.5, 0.95),
            Quantiles(o.Maps, 0.5, 0.95),
            Quantiles(o.Readiness, 0.5, 0.95, 1),
            Text(o.MemoryMegabytes, "F0"),
        ];
    }

    private static string Quantiles(Samples samples, params double[] parts) =>
        samples.Count == 0 ? "-" : string.Join(" / ", parts.Select(part => Text(samples.Quantile(part)!.Value, "F1")));

    private static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
