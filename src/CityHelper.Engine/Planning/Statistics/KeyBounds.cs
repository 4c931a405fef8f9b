namespace CityHelper.Engine.Planning.Statistics;

/// <summary>SQL of the smallest key and of the exclusive end.</summary>
internal sealed record KeyBounds(string Low, string High)
{
    /// <summary>The relation whose columns they are, and a join to it.</summary>
    public string Of { get; init; } = "";
}
