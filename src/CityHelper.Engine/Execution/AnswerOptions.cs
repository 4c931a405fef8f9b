using CityHelper.Engine.Cursors;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Writing;

namespace CityHelper.Engine.Execution;

/// <summary>What a response needs, and what it reports besides its data.</summary>
/// <param name="Memory">Counts the bytes of the response.</param>
/// <param name="WithAccessPaths">Whether it reports the access path of each connection.</param>
/// <param name="Report">What it reports of its cost.</param>
/// <param name="Caller">Who sends a mutation.</param>
internal readonly record struct AnswerOptions(MemoryLease Memory, bool WithAccessPaths, CostReport Report, MutationCaller Caller)
{
    /// <summary>
    /// The position that an answer about one tenant must have been read at, at least; null for any. What a replica answers below it is read
    /// again from the primary, and the primary's answer is as late as any can be.
    /// </summary>
    public LogPosition? Needed { get; init; }
}

/// <summary>What a response reports of the operation's cost: the request header <c>GraphQL-Cost</c>, as in HotChocolate.</summary>
public enum CostReport
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>The cost, and what the execution took.</summary>
    Report,

    /// <summary>The cost alone: the operation is not executed.</summary>
    Validate,
}

/// <summary>What the execution of an operation took in the database.</summary>
/// <param name="Statements">Statements sent.</param>
/// <param name="Rows">Rows returned.</param>
/// <param name="Time">From sending each batch until its last row was read.</param>
internal readonly record struct BatchUsage(int Statements, long Rows, TimeSpan Time)
{
    public static BatchUsage operator +(BatchUsage left, BatchUsage right) =>
        new(left.Statements + right.Statements, left.Rows + right.Rows, left.Time + right.Time);
}
