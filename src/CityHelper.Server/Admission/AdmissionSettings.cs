using System.ComponentModel.DataAnnotations;
using CityHelper.Engine.Admission;
using CityHelper.Server.Clients;
using CityHelper.Server.Configuration;
using Microsoft.Extensions.Options;

namespace CityHelper.Server.Admission;

/// <summary>
/// How much the server does at once. The share of each client is set with the client (<see cref="ClientSettings"/>). docs/operating.md says
/// what to set when.
/// </summary>
public sealed class AdmissionSettings : ISettings
{
    public const string Section = "Admission";

    /// <summary>
    /// Connections to the database for reading answers: at least one more than all shares together. Raise it together with PostgreSQL's
    /// <c>max_connections</c>, which all servers share.
    /// </summary>
    [Setting(Unit = "connections")]
    [Range(1, Limits.ReadingConnectionsMax)]
    public int Connections { get; set; } = Limits.ReadingConnections;

    /// <summary>Cheap executions of a client that may wait. A higher limit smooths longer bursts and holds more requests.</summary>
    [Setting(Unit = "executions")]
    [Range(0, Engine.Limits.AtOnceMax)]
    public int CheapQueued { get; set; } = Engine.Limits.CheapQueued;

    /// <summary>
    /// Units of dear executions of a client that may wait. A higher limit delays responses without raising throughput.
    /// </summary>
    [Setting(Unit = "units")]
    [Range(0, Engine.Limits.AtOnceMax)]
    public int DearQueued { get; set; } = Engine.Limits.DearQueued;

    /// <summary>How long an execution may wait. After a longer wait there is no time left for a statement.</summary>
    [Setting(Unit = "milliseconds")]
    [Range(1, Engine.Limits.RequestTimeoutMs - Engine.Limits.StatementTimeoutMs - 1)]
    public int QueueMs { get; set; } = Engine.Limits.QueueMs;

    /// <summary>
    /// Field cost up to which an execution without aggregates is cheap. Statistics and exact counts are always dear, whatever they
    /// cost.
    /// </summary>
    [Setting(Unit = "units of cost")]
    [Range(1, Engine.Limits.DearUnitCost)]
    public int CheapCost { get; set; } = Engine.Limits.CheapCost;

    /// <summary>The options of the engine.</summary>
    public AdmissionOptions ToOptions() =>
        new() { CheapQueued = CheapQueued, DearQueued = DearQueued, QueueMs = QueueMs, CheapCost = CheapCost };

    /// <summary>Why these settings contradict the shares of the clients; null when they do not.</summary>
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
/// Checks the connections against the shares of the clients. Wrong client settings have no shares yet, and are reported alone.
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
