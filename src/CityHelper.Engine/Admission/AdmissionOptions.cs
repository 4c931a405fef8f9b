namespace CityHelper.Engine.Admission;

/// <summary>The settings of admission; each client has its own share (<see cref="ClientShare"/>).</summary>
public sealed class AdmissionOptions
{
    /// <summary>Cheap executions of a client that may wait for a permit.</summary>
    public int CheapQueued { get; init; } = Limits.CheapQueued;

    /// <summary>Units of dear executions of a client that may wait.</summary>
    public int DearQueued { get; init; } = Limits.DearQueued;

    /// <summary>Milliseconds that an execution may wait.</summary>
    public int QueueMs { get; init; } = Limits.QueueMs;

    /// <summary>Field cost up to which an execution without aggregates is cheap.</summary>
    public int CheapCost { get; init; } = Limits.CheapCost;
}
