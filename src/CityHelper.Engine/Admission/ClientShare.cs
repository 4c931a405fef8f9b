namespace CityHelper.Engine.Admission;

/// <summary>
/// How much of the server a client may use at once. Shares add up and are never lent, so each client keeps its own whatever the others do,
/// even while none of the running executions ends.
/// </summary>
/// <param name="Name">The client, or <see cref="Everybody"/>'s name for clients without a configured share.</param>
/// <param name="CheapAtOnce">Cheap executions at once; unpublished texts take at most half of them.</param>
/// <param name="DearAtOnce">Units of dear executions at once: one for statistics, several for what costs more
/// (<see cref="Limits.DearUnitCost"/>).</param>
public sealed record ClientShare(string Name, int CheapAtOnce, int DearAtOnce)
{
    /// <summary>The default share of all clients without a configured one.</summary>
    public static ClientShare Everybody { get; } =
        new(
            "default",
            Math.Clamp(
                Limits.CheapAtOncePerProcessor * Environment.ProcessorCount, Limits.CheapAtOncePerProcessor, Limits.CheapAtOnceDefaultMax),
            Math.Clamp(Limits.DearAtOncePerProcessor * Environment.ProcessorCount, 1, Limits.DearAtOnceDefaultMax));

    /// <summary>Executions that may run at once, and so the number of database connections they need.</summary>
    public int Executions => CheapAtOnce + DearAtOnce;

    /// <summary>Cheap executions of unpublished texts at once; the rest is left to published operations.</summary>
    internal int TextsAtOnce => Math.Max(1, CheapAtOnce / 2);
}
