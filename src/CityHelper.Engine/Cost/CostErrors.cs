namespace CityHelper.Engine.Cost;

/// <summary>The operation asks for more work than allowed: its field cost exceeds the limit (HC0047).</summary>
public sealed class FieldCostExceededError : RequestError
{
    public FieldCostExceededError(double fieldCost, double fieldCostMax)
        : base("The maximum allowed field cost was exceeded.", "HC0047")
    {
        Status = 400;
        Extensions = [new("fieldCost", fieldCost), new("maxFieldCost", fieldCostMax)];
    }
}

/// <summary>The operation may return more objects than allowed: its type cost exceeds the limit (HC0047).</summary>
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
/// <param name="FieldCostMax">The limit of the field cost: work.</param>
/// <param name="TypeCostMax">The limit of the type cost: objects in the response.</param>
public sealed record CostLimit(double FieldCostMax, double TypeCostMax)
{
    /// <summary>HotChocolate's default: 1,000 of each.</summary>
    public static CostLimit Default { get; } = new(Limits.FieldCostMax, Limits.TypeCostMax);

    /// <summary>The limit of a published operation for a request's variables: a multiple of its cost with the usual variables.</summary>
    public static CostLimit OfPublished(CostMetrics usual) =>
        new(usual.FieldCost * Limits.PublishedFieldCostTimes, usual.TypeCost * Limits.PublishedTypeCostTimes);

    /// <summary>The smaller limit of two, for each cost.</summary>
    public CostLimit And(CostLimit other) => new(Math.Min(FieldCostMax, other.FieldCostMax), Math.Min(TypeCostMax, other.TypeCostMax));

    /// <summary>The rest of the limit after a cost is spent.</summary>
    public CostLimit Less(CostMetrics spent) => new(FieldCostMax - spent.FieldCost, TypeCostMax - spent.TypeCost);

    /// <summary>The error if a cost exceeds the limit, or null.</summary>
    public RequestError? Check(CostMetrics cost) =>
        cost.FieldCost > FieldCostMax ? new FieldCostExceededError(cost.FieldCost, FieldCostMax)
        : cost.TypeCost > TypeCostMax ? new TypeCostExceededError(cost.TypeCost, TypeCostMax)
        : null;
}
