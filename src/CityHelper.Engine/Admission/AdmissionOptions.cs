namespace CityHelper.Engine.Admission;

/// <summary>What a host may choose of admission; shares are the clients' (<see cref="ClientShare"/>).</summary>
public sealed class AdmissionOptions
{
    /// <summary>Cheap executions of a client that may wait for one of its places.</summary>
    public int CheapQueued { get; init; } = Limits.CheapQueued;

    /// <summary>Units of dear executions of a client that may wait.</summary>
    public int DearQueued { get; init; } = Limits.DearQueued;

    /// <summary>Milliseconds that any may wait.</summary>
    public int QueueMs { get; init; } = Limits.QueueMs;

    /// <summary>Field cost up to which an execution is cheap that adds nothing up.</summary>
    public int CheapCost { get; init; } = Limits.CheapCost;
}
