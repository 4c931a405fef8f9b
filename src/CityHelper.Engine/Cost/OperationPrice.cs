using System.Text.Json.Serialization;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Planning;

namespace CityHelper.Engine.Cost;

/// <summary>What an operation costs by its text and variables, before it runs (conventions §11).</summary>
/// <param name="FieldCost">The work: what is read, filtered and ordered.</param>
/// <param name="TypeCost">The objects that the answer may hold.</param>
public readonly record struct Price(
    [property: JsonPropertyName("fieldCost")] double FieldCost,
    [property: JsonPropertyName("typeCost")] double TypeCost)
{
    public static Price operator +(Price left, Price right) => new(left.FieldCost + right.FieldCost, left.TypeCost + right.TypeCost);
}

/// <summary>
/// The price of an operation for one shape of its variables; what is left open is how long its lists are, and how large its geometries.
/// </summary>
/// <param name="roots">The fields of <c>Query</c>.</param>
internal sealed class OperationPrice(IReadOnlyList<PricedField> roots)
{
    /// <summary>The price with a request's values. <c>Query</c> itself is an object of the answer.</summary>
    public Price Of(VariableValues variables)
    {
        FieldSum sum = roots.Aggregate(default(FieldSum), (total, field) => total + field.Of(variables, inherited: null));
        return new Price(Math.Round(sum.Fields + sum.Statements, Limits.CostDecimals), sum.Types + 1);
    }
}

/// <summary>What fields add up to.</summary>
/// <param name="Fields">Their work, as often as they stand in the answer.</param>
/// <param name="Types">The objects of the answer.</param>
/// <param name="Statements">What is counted, filtered and ordered by, once for each statement: a nested list is one, for all its
/// parents.</param>
internal readonly record struct FieldSum(double Fields, double Types, double Statements)
{
    public static FieldSum operator +(FieldSum left, FieldSum right) =>
        new(left.Fields + right.Fields, left.Types + right.Types, left.Statements + right.Statements);

    /// <summary>Of two possible answers the dearer in each.</summary>
    public FieldSum Or(FieldSum other) => new(Math.Max(Fields, other.Fields), Math.Max(Types, other.Types), Math.Max(Statements, other.Statements));
}

/// <summary>A field of an operation.</summary>
/// <param name="Name">Its name in the schema.</param>
/// <param name="Weight">Its own weight, for each object that it is a field of.</param>
/// <param name="Once">What it weighs once, however many objects it is a field of.</param>
/// <param name="Arguments">What its arguments weigh for each of its statements.</param>
/// <param name="Statements">Statements that it is read by, and those of the lists and counts below it: each of them filters anew.</param>
/// <param name="TypeWeight">The weight of an object of its type; 0 for a leaf.</param>
/// <param name="Size">How many items it has; null for what is no list of a known size.</param>
/// <param name="Sized">Fields below that have the size instead of it.</param>
/// <param name="Alternatives">The fields below, for each type that it may be of.</param>
internal sealed record PricedField(
    string Name,
    double Weight,
    double Once,
    ArgumentCost Arguments,
    int Statements,
    double TypeWeight,
    PricedSize? Size,
    string[] Sized,
    IReadOnlyList<IReadOnlyList<PricedField>> Alternatives)
{
    /// <summary>Whether it is read by a statement of its own, which repeats the query of the rows that it is a field of.</summary>
    public bool IsStatement { get; init; }

    public FieldSum Of(VariableValues variables, double? inherited)
    {
        double size = Size?.Of(variables) ?? 1;
        double own = inherited ?? (Sized.Length > 0 ? 1 : size);
        FieldSum below = default;
        foreach (IReadOnlyList<PricedField> fields in Alternatives)
        {
            FieldSum one = default;
            foreach (PricedField field in fields)
            {
                one += field.Of(variables, Sized.Contains(field.Name) ? size : null);
            }

            below = below.Or(one);
        }

        return new FieldSum(Weight + own * below.Fields, own * (TypeWeight + below.Types), Once + Statements * Arguments.Of(variables) + below.Statements);
    }
}

/// <summary>The size of a list: what an argument says, or what is assumed.</summary>
/// <param name="Given">Arguments that say it.</param>
/// <param name="Otherwise">The size when none of them has a value.</param>
/// <param name="Most">The largest that is not refused.</param>
internal sealed record PricedSize(IReadOnlyList<InputNode> Given, int Otherwise, int Most)
{
    // What is too large or negative is refused later, by an error of its field that says what is allowed. A negative one must not make
    // anything cheaper here.
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
