using CityHelper.Engine.Writing;

namespace CityHelper.Engine.Execution;

/// <summary>What an answer is to tell beside its data.</summary>
/// <param name="Memory">Where the bytes of the answer are counted.</param>
/// <param name="TellForms">Whether it says in which form each connection's rows were reached.</param>
/// <param name="Report">What it says of its cost.</param>
internal readonly record struct AnswerOptions(MemoryLease Memory, bool TellForms, CostReport Report);

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
