using System.Text.Json.Serialization;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Planning;

namespace CityHelper.Engine.Cost;

/// <summary>The cost of an operation, known from its text and variables before it runs.</summary>
/// <param name="FieldCost">The work: what is read, filtered and ordered.</param>
/// <param name="TypeCost">The objects that the response may hold.</param>
public readonly record struct CostMetrics(
    [property: JsonPropertyName("fieldCost")] double FieldCost,
    [property: JsonPropertyName("typeCost")] double TypeCost)
{
    public static CostMetrics operator +(CostMetrics left, CostMetrics right) =>
        new(left.FieldCost + right.FieldCost, left.TypeCost + right.TypeCost);
}

/// <summary>The cost of an operation for one variable signature; the lengths of lists and the sizes of geometries are still open.</summary>
/// <param name="roots">The fields of <c>Query</c>.</param>
internal sealed class CostFormula(IReadOnlyList<CostedField> roots)
{
    /// <summary>The cost with a request's values. <c>Query</c> itself counts as an object of the response.</summary>
    public CostMetrics Of(VariableValues variables)
    {
        FieldSum sum = roots.Aggregate(default(FieldSum), (total, field) => total + field.Of(variables, inherited: null));
        return new CostMetrics(Math.Round(sum.Fields + sum.Statements, Limits.CostDecimals), sum.Types + 1);
    }
}

/// <summary>A sum of costs.</summary>
/// <param name="Fields">Work that counts for each occurrence in the response.</param>
/// <param name="Types">Objects of the response.</param>
/// <param name="Statements">Work that counts once for each statement: counts, filters and orders. A nested list is one statement for all
/// its parents.</param>
internal readonly record struct FieldSum(double Fields, double Types, double Statements)
{
    public static FieldSum operator +(FieldSum left, FieldSum right) =>
        new(left.Fields + right.Fields, left.Types + right.Types, left.Statements + right.Statements);

    /// <summary>The maximum of each, for an object that may be of two types.</summary>
    public FieldSum Or(FieldSum other) =>
        new(Math.Max(Fields, other.Fields), Math.Max(Types, other.Types), Math.Max(Statements, other.Statements));
}

/// <summary>A field of an operation.</summary>
/// <param name="Name">Its name in the schema.</param>
/// <param name="Weight">Its weight for each parent object.</param>
/// <param name="Once">Its weight that counts once, for any number of parent objects.</param>
/// <param name="Arguments">The cost of its arguments for each of its statements.</param>
/// <param name="Statements">Its own statement, and those of nested lists and counts: each of them repeats the filter.</param>
/// <param name="TypeWeight">The weight of an object of its type; 0 for a leaf.</param>
/// <param name="Size">The number of its items; null if it is not a list of known size.</param>
/// <param name="Sized">Nested fields that have the size instead of it, such as <c>edges</c>.</param>
/// <param name="Alternatives">The nested fields for each of its possible types.</param>
internal sealed record CostedField(
    string Name,
    double Weight,
    double Once,
    ArgumentCost Arguments,
    int Statements,
    double TypeWeight,
    CostedSize? Size,
    string[] Sized,
    IReadOnlyList<IReadOnlyList<CostedField>> Alternatives)
{
    /// <summary>Whether it needs a separate statement, which repeats the query of its parent rows.</summary>
    public bool IsStatement { get; init; }

    public FieldSum Of(VariableValues variables, double? inherited)
    {
        double size = Size?.Of(variables) ?? 1;
        double own = inherited ?? (Sized.Length > 0 ? 1 : size);
        FieldSum nested = default;
        foreach (IReadOnlyList<CostedField> fields in Alternatives)
        {
            FieldSum one = default;
            foreach (CostedField field in fields)
            {
                one += field.Of(variables, Sized.Contains(field.Name) ? size : null);
            }

            nested = nested.Or(one);
        }

        return new FieldSum(
            Weight + own * nested.Fields,
            own * (TypeWeight + nested.Types),
            Once + Statements * Arguments.Of(variables) + nested.Statements);
    }
}

/// <summary>The size of a list, from an argument or assumed.</summary>
/// <param name="Given">Arguments that give the size.</param>
/// <param name="Otherwise">The size when none of them has a value.</param>
/// <param name="Most">The largest size that is not refused.</param>
internal sealed record CostedSize(IReadOnlyList<InputNode> Given, int Otherwise, int Most)
{
    // The field later refuses a size that is too large or negative, with an error that states what is allowed. A negative size must not
    // lower the cost here.
    public double Of(VariableValues variables)
    {
        double? largest = null;
        foreach (InputNode node in Given)
        {
            if ((node.Evaluate(variables) switch { int number => number, List<object?> items => items.Count, _ => (int?)null }) is { } size)
            {
                largest = Math.Max(largest ?? 0, Math.Min(size, Most));
            }
        }

        return largest ?? Otherwise;
    }
}
