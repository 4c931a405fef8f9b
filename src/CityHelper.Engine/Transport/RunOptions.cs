using CityHelper.Engine.Admission;
using CityHelper.Engine.Cost;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Writing;

namespace CityHelper.Engine.Transport;

/// <summary>Options for running an operation.</summary>
/// <param name="WithAccessPaths">Whether the response lists the access path of each connection.</param>
/// <param name="Limit">The cost limit; null for none, as in checks of operations.</param>
/// <param name="Report">What the response reports about its cost.</param>
/// <param name="SuggestsNames">Whether errors may suggest names of the schema.</param>
public sealed record RunOptions(
    bool WithAccessPaths = false, CostLimit? Limit = null, CostReport Report = CostReport.None, bool SuggestsNames = true)
{
    /// <summary>Counts the bytes of the response.</summary>
    public MemoryLease Memory { get; init; } = MemoryLease.Uncounted;

    /// <summary>The client share that it runs in.</summary>
    public ClientShare Share { get; init; } = ClientShare.Everybody;

    /// <summary>The mutations that it may have; none unless stated, so that checks of operations never write.</summary>
    public WriteAccess Writes { get; init; }

    /// <summary>The cursor of a change that the answer must have; null for none.</summary>
    public string? AtLeast { get; init; }

    /// <summary>Whether the response says how fresh it is.</summary>
    public bool WithFreshness { get; init; }

    /// <summary>Who sends its mutations.</summary>
    public MutationCaller Caller { get; init; } = new("");

    /// <summary>Whether the operation is published, and so is exempt from the limit of unpublished texts.</summary>
    public bool IsPublished { get; init; } = true;

    /// <summary>The options of published operations.</summary>
    public static RunOptions Default { get; } = new();

    internal AnswerOptions Answer => new(Memory, WithAccessPaths, Report, Caller);
}
