using System.Globalization;
using System.Text;

namespace CityHelper.Benchmarks.Cost;

/// <summary>The measurements of one kind, in all sizes that were admitted.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Sizes">Size and measurement, ascending.</param>
/// <param name="Refused">Why the next size was refused; null when all were admitted.</param>
internal sealed record KindResult(CostKind Kind, IReadOnlyList<(int Size, CostMeasurement Measured)> Sizes, string? Refused);

/// <summary>The requests of one generator.</summary>
/// <param name="Name">The name of the generator, as the table prints it.</param>
/// <param name="Answered">Those that were answered.</param>
/// <param name="Refused">How many were refused, by error code.</param>
internal sealed record GeneratedResult(string Name, IReadOnlyList<CostMeasurement> Answered, IReadOnlyDictionary<string, int> Refused);

/// <summary>Database time per unit of cost, as Markdown.</summary>
internal sealed class CostTable(
    IReadOnlyList<CostMeasurement> usual, IReadOnlyList<KindResult> kinds, IReadOnlyList<GeneratedResult> generated)
{
    /// <summary>The limit of every request, as a multiple of the median of the published operations.</summary>
    public const double TimesMax = 10;

    private const int Dearest = 3;

    /// <summary>The median of the published operations with their usual variables.</summary>
    public double MedianUnitMs { get; } = Median(usual.Select(m => m.UnitMs));

    /// <summary>The most that a request may take per unit.</summary>
    public double MostUnitMs => TimesMax * MedianUnitMs;

    /// <summary>The number of generated requests that exceed the limit.</summary>
    public int TooExpensive => generated.Sum(g => g.Answered.Count(m => m.UnitMs > MostUnitMs));

    public override string ToString()
    {
        var text = new StringBuilder();
        text.Append(
            CultureInfo.InvariantCulture,
            $"Median of the published operations with their usual variables: {1_000 * MedianUnitMs:F1} us of the database for a unit "
                + $"of cost; {TimesMax} times that is {1_000 * MostUnitMs:F0} us.\n\n");
        Published(text);
        Kinds(text);
        Generated(text);
        return text.ToString();
    }

    private void Published(StringBuilder text)
    {
        text.Append("| published operation | cost | database ms | us per unit |\n| --- | --- | --- | --- |\n");
        foreach (CostMeasurement measured in usual.OrderBy(m => m.UnitMs))
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"| {measured.Request.Operation} | {measured.FieldCost:0.#} | {measured.DatabaseMs:F2} | {1_000 * measured.UnitMs:F0} "
                    + $"|\n");
        }
    }

    private void Kinds(StringBuilder text)
    {
        text.Append("\n| kind | admitted | cost | database ms | us per unit: median | most |\n| --- | --- | --- | --- | --- | --- |\n");
        foreach (KindResult kind in kinds)
        {
            if (kind.Sizes.Count == 0)
            {
                text.Append(Invariant($"| {kind.Kind.Name} | none ({kind.Refused}) | | | | |\n"));
                continue;
            }

            double[] units = [.. kind.Sizes.Select(s => 1_000 * s.Measured.UnitMs)];
            string unit = kind.Kind.Unit.Length == 0 ? "" : $"{kind.Sizes[0].Size:N0} to {kind.Sizes[^1].Size:N0} {kind.Kind.Unit}";
            text.Append(
                    CultureInfo.InvariantCulture,
                    $"| {kind.Kind.Name} | {unit} | {kind.Sizes[0].Measured.FieldCost:0.#} to {kind.Sizes[^1].Measured.FieldCost:0.#} "
                        + $"| ")
                .Append(
                    CultureInfo.InvariantCulture,
                    $"{kind.Sizes.Min(s => s.Measured.DatabaseMs):F1} to {kind.Sizes.Max(s => s.Measured.DatabaseMs):F1} | "
                        + $"{Median(units):F0} | {units.Max():F0} |\n");
        }
    }

    private void Generated(StringBuilder text)
    {
        text.Append("\n| generated | answered | refused | us per unit: median | 99 % | most |\n| --- | --- | --- | --- | --- | --- |\n");
        foreach (GeneratedResult result in generated)
        {
            double[] units = [.. result.Answered.Select(m => 1_000 * m.UnitMs).Order()];
            string refused = string.Join(
                ", ", result.Refused.OrderByDescending(r => r.Value).Take(5).Select(r => Invariant($"{r.Value:N0} {r.Key}")));
            text.Append(
                CultureInfo.InvariantCulture,
                $"| {result.Name} | {units.Length:N0} | {refused} | {Median(units):F0} | {units[(int)(0.99 * (units.Length - 1))]:F0} "
                    + $"| {units[^1]:F0} |\n");
        }

        text.Append("\nThe most expensive for a unit:\n\n");
        foreach (GeneratedResult result in generated)
        {
            foreach (CostMeasurement measured in result.Answered.OrderByDescending(m => m.UnitMs).Take(Dearest))
            {
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"- {result.Name}, {1_000 * measured.UnitMs:F0} us ({measured.DatabaseMs:F1} ms, cost {measured.FieldCost:0.#}): "
                        + $"`{measured.Request}`\n");
            }
        }
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? 0 : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
