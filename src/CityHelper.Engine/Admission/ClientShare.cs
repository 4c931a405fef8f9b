namespace CityHelper.Engine.Admission;

/// <summary>
/// How much of the server a client may take at once. Shares are added up and never lent: what one client does leaves the others theirs,
/// also while nothing that runs comes to its end.
/// </summary>
/// <param name="Name">The client, or <see cref="Everybody"/>'s name for those without a share of their own.</param>
/// <param name="CheapAtOnce">Cheap executions at once; texts that are not published take at most half of them.</param>
/// <param name="DearAtOnce">Units of dear executions at once: one for a statistic, several for what costs more
/// (<see cref="Limits.DearUnitCost"/>).</param>
public sealed record ClientShare(string Name, int CheapAtOnce, int DearAtOnce)
{
    /// <summary>The share of everybody who has none of their own, unless it is configured.</summary>
    public static ClientShare Everybody { get; } = new(
        "default",
        Math.Clamp(Limits.CheapAtOncePerProcessor * Environment.ProcessorCount, Limits.CheapAtOncePerProcessor, Limits.CheapAtOnceDefaultMax),
        Math.Clamp(Limits.DearAtOncePerProcessor * Environment.ProcessorCount, 1, Limits.DearAtOnceDefaultMax));

    /// <summary>Executions that may run at once, and so the connections to the database that they need.</summary>
    public int Executions => CheapAtOnce + DearAtOnce;

    /// <summary>Executions at once of cheap texts that are not published: the others are left to published operations.</summary>
    internal int TextsAtOnce => Math.Max(1, CheapAtOnce / 2);
}
