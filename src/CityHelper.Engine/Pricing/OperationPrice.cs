using System.Text.Json.Serialization;
using CityHelper.Engine.Operations;
using CityHelper.Engine.Planning;

namespace CityHelper.Engine.Pricing;

/// <summary>What an operation costs by its text and variables, before it runs (conventions §11).</summary>
/// <param name="FieldCost">The work: what is read, filtered and ordered.</param>
/// <param name="TypeCost">The objects that the answer may hold.</param>
public readonly record struct Price(
    [property: JsonPropertyName("fieldCost")] double FieldCost,
    [property: JsonPropertyName("typeCost")] double TypeCost)
{
    public static Price operator +(Price left, Price right) => new(left.FieldCost + right.FieldCost, left.TypeCost + right.TypeCost);

    /// <summary>Of two possible answers the dearer in each.</summary>
    public Price Or(Price other) => new(Math.Max(FieldCost, other.FieldCost), Math.Max(TypeCost, other.TypeCost));
}

/// <summary>The price of an operation for one shape of its variables; what is left open is how long its lists are.</summary>
/// <param name="roots">The fields of <c>Query</c>.</param>
internal sealed class OperationPrice(IReadOnlyList<PricedField> roots)
{
    /// <summary>The price with a request's values. <c>Query</c> itself is an object of the answer.</summary>
    public Price Of(VariableValues variables) => roots.Aggregate(new Price(0, 1), (sum, field) => sum + field.Of(variables, inherited: null));
}

/// <summary>A field of an operation.</summary>
/// <param name="Name">Its name in the schema.</param>
/// <param name="Weight">Its own weight and that of its arguments.</param>
/// <param name="TypeWeight">The weight of an object of its type; 0 for a leaf.</param>
/// <param name="Size">How many items it has; null for what is no list of a known size.</param>
/// <param name="Sized">Fields below that have the size instead of it.</param>
/// <param name="Alternatives">The fields below, for each type that it may be of.</param>
internal sealed record PricedField(
    string Name, double Weight, double TypeWeight, PricedSize? Size, string[] Sized, IReadOnlyList<IReadOnlyList<PricedField>> Alternatives)
{
    public Price Of(VariableValues variables, double? inherited)
    {
        double size = Size?.Of(variables) ?? 1;
        double own = inherited ?? (Sized.Length > 0 ? 1 : size);
        Price below = default;
        foreach (IReadOnlyList<PricedField> fields in Alternatives)
        {
            Price one = default;
            foreach (PricedField field in fields)
            {
                one += field.Of(variables, Sized.Contains(field.Name) ? size : null);
            }

            below = below.Or(one);
        }

        return new Price(Weight + own * below.FieldCost, own * (TypeWeight + below.TypeCost));
    }
}

/// <summary>The size of a list: what an argument says, or what is assumed.</summary>
/// <param name="Given">Arguments that say it.</param>
/// <param name="Otherwise">The size when none of them has a value.</param>
/// <param name="Most">The largest that is not refused.</param>
internal sealed record PricedSize(IReadOnlyList<InputNode> Given, int Otherwise, int Most)
{
    // What is too large or negative is refused later, by an error of its field that says what is allowed. A negative one must not make anything cheaper here.
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
