using CityHelper.Engine.Admission;
using CityHelper.Engine.Pricing;

namespace CityHelper.Engine.Execution;

/// <summary>How an operation is to be run.</summary>
/// <param name="TellForms">Whether the answer says in which form each connection's rows were reached.</param>
/// <param name="Limit">What it may cost; null for no limit, as of what a check of the operations runs.</param>
/// <param name="Report">What is to be said of its cost.</param>
/// <param name="SuggestsNames">Whether errors may name what the schema has.</param>
public sealed record RunOptions(bool TellForms = false, PriceLimit? Limit = null, CostReport Report = CostReport.None, bool SuggestsNames = true)
{
    /// <summary>Where the bytes of the answer are counted.</summary>
    public MemoryLease Memory { get; init; } = MemoryLease.Uncounted;

    /// <summary>Of whose share it runs.</summary>
    public ClientShare Share { get; init; } = ClientShare.Everybody;

    /// <summary>Whether the operation is published, and so runs also where texts are too many.</summary>
    public bool IsPublished { get; init; } = true;

    /// <summary>As published operations run.</summary>
    public static RunOptions Default { get; } = new();
}

/// <summary>What an answer says of the cost of its operation (the header <c>GraphQL-Cost</c>, conventions §11).</summary>
public enum CostReport
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>The price, and what running it took.</summary>
    Report,

    /// <summary>The price alone: the operation is not run.</summary>
    Validate,
}

/// <summary>What running an operation took of the database.</summary>
/// <param name="Statements">Statements sent.</param>
/// <param name="Rows">Rows that they returned.</param>
/// <param name="Time">From sending the batches until the last row was read.</param>
internal readonly record struct BatchUsage(int Statements, long Rows, TimeSpan Time)
{
    public static BatchUsage operator +(BatchUsage left, BatchUsage right) =>
        new(left.Statements + right.Statements, left.Rows + right.Rows, left.Time + right.Time);
}
