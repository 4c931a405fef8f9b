using System.ComponentModel.DataAnnotations;
using CityHelper.Engine.Admission;
using CityHelper.Server.Clients;
using CityHelper.Server.Configuration;
using Microsoft.Extensions.Options;

namespace CityHelper.Server.Admission;

/// <summary>
/// How much the server does at once. Shares of clients stand with the clients (<see cref="ClientSettings"/>). docs/operating.md says what
/// to set when.
/// </summary>
public sealed class AdmissionSettings : ISettings
{
    /// <summary>The section.</summary>
    public const string Section = "Admission";

    /// <summary>
    /// Connections to the database that answers are read through: at least those of all shares and one. Raise it together with PostgreSQL's
    /// <c>max_connections</c>, of which all servers take their part.
    /// </summary>
    [Setting(Unit = "connections")]
    [Range(1, Limits.ReadingConnectionsMax)]
    public int Connections { get; set; } = Limits.ReadingConnections;

    /// <summary>Cheap executions of a client that may wait. More smooth longer bursts; what waits keeps its request in memory.</summary>
    [Setting(Unit = "executions")]
    [Range(0, Engine.Limits.AtOnceMax)]
    public int CheapQueued { get; set; } = Engine.Limits.CheapQueued;

    /// <summary>Units of dear executions of a client that may wait. More are answered later, and no more of them.</summary>
    [Setting(Unit = "units")]
    [Range(0, Engine.Limits.AtOnceMax)]
    public int DearQueued { get; set; } = Engine.Limits.DearQueued;

    /// <summary>How long any may wait. Who waited longer has no time left for a statement.</summary>
    [Setting(Unit = "milliseconds")]
    [Range(1, Engine.Limits.RequestTimeoutMs - Engine.Limits.StatementTimeoutMs - 1)]
    public int QueueMs { get; set; } = Engine.Limits.QueueMs;

    /// <summary>
    /// Field cost up to which an execution is cheap that adds nothing up. What statistics and exact counts cost does not matter: they are
    /// dear.
    /// </summary>
    [Setting(Unit = "units of cost")]
    [Range(1, Engine.Limits.DearUnitCost)]
    public int CheapCost { get; set; } = Engine.Limits.CheapCost;

    /// <summary>As the engine takes them.</summary>
    public AdmissionOptions ToOptions() => new() { CheapQueued = CheapQueued, DearQueued = DearQueued, QueueMs = QueueMs, CheapCost = CheapCost };

    /// <summary>What is wrong with them beside the shares of the clients, or null.</summary>
    internal string? Problem(IReadOnlyCollection<ClientShare> shares)
    {
        int executions = shares.Sum(share => share.Executions);
        return Connections > executions
            ? null
            : $"The shares of {string.Join(", ", shares.Select(share => share.Name))} admit {executions} executions at once, so "
                + $"{Section}__Connections must be at least {executions + Limits.ConnectionsOfStatistics} and is {Connections}: raise it, "
                + "give clients smaller shares, or CheapAtOnce and DearAtOnce 0 to those that are to run in the share of default.";
    }

    void ISettings.Read(SettingsReader reader) => reader.Read(this, Section);

    IEnumerable<string> ISettings.Problems(IHostEnvironment environment) => [];
}

/// <summary>
/// Holds the connections against the shares of the clients. Clients that are wrong themselves have no shares yet, and are told of alone.
/// </summary>
internal sealed class AdmissionValidation(IOptions<ClientsSettings> clients, IHostEnvironment environment)
    : IValidateOptions<AdmissionSettings>
{
    public ValidateOptionsResult Validate(string? name, AdmissionSettings options)
    {
        try
        {
            string? problem = options.Problem(new ClientDirectory(clients.Value.ByName, environment.IsDevelopment()).Shares);
            return problem is null ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problem);
        }
        catch (OptionsValidationException)
        {
            return ValidateOptionsResult.Skip;
        }
    }
}
