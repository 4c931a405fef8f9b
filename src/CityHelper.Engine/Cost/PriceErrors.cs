namespace CityHelper.Engine.Cost;

/// <summary>The operation asks for more work than the client may (HC0047).</summary>
public sealed class FieldCostExceededError : RequestError
{
    public FieldCostExceededError(double fieldCost, double fieldCostMax)
        : base("The maximum allowed field cost was exceeded.", "HC0047")
    {
        Status = 400;
        Extensions = [new("fieldCost", fieldCost), new("maxFieldCost", fieldCostMax)];
    }
}

/// <summary>The operation may return more objects than the client may ask for (HC0047).</summary>
public sealed class TypeCostExceededError : RequestError
{
    public TypeCostExceededError(double typeCost, double typeCostMax)
        : base("The maximum allowed type cost was exceeded.", "HC0047")
    {
        Status = 400;
        Extensions = [new("typeCost", typeCost), new("maxTypeCost", typeCostMax)];
    }
}

/// <summary>What an operation may cost.</summary>
/// <param name="FieldCostMax">The work.</param>
/// <param name="TypeCostMax">The objects of the answer.</param>
public sealed record PriceLimit(double FieldCostMax, double TypeCostMax)
{
    /// <summary>HotChocolate's: 1,000 of each.</summary>
    public static PriceLimit Default { get; } = new(Limits.FieldCostMax, Limits.TypeCostMax);

    /// <summary>What a published operation may cost with a request's variables, by what it costs with its usual ones.</summary>
    public static PriceLimit OfPublished(Price usual) =>
        new(usual.FieldCost * Limits.PublishedFieldCostTimes, usual.TypeCost * Limits.PublishedTypeCostTimes);

    /// <summary>The smaller of two in each.</summary>
    public PriceLimit And(PriceLimit other) => new(Math.Min(FieldCostMax, other.FieldCostMax), Math.Min(TypeCostMax, other.TypeCostMax));

    /// <summary>What is left when something was spent.</summary>
    public PriceLimit Less(Price spent) => new(FieldCostMax - spent.FieldCost, TypeCostMax - spent.TypeCost);

    /// <summary>Why a price is too high, or null.</summary>
    public RequestError? Check(Price price) =>
        price.FieldCost > FieldCostMax ? new FieldCostExceededError(price.FieldCost, FieldCostMax)
        : price.TypeCost > TypeCostMax ? new TypeCostExceededError(price.TypeCost, TypeCostMax)
        : null;
}
