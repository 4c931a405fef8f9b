using CityHelper.Engine.Admission;
using CityHelper.Engine.Cost;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Writing;

namespace CityHelper.Engine.Transport;

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

    internal AnswerOptions Answer => new(Memory, TellForms, Report);
}
