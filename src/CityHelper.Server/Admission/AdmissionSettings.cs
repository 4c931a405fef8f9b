using CityHelper.Engine.Admission;

namespace CityHelper.Server.Admission;

/// <summary>
/// How much the server does at once, in the section <c>Admission</c>: <c>Admission__Connections=60</c>. What is left out has the default. Shares of clients stand with the
/// clients (<see cref="Clients.ClientSettings"/>). docs/operating.md says what to set when.
/// </summary>
public sealed class AdmissionSettings
{
    /// <summary>The section.</summary>
    public const string Section = "Admission";

    /// <summary>
    /// Connections to the database that answers are read through: at least those of all shares and one. Raise it together with PostgreSQL's <c>max_connections</c>, of
    /// which all servers take their part.
    /// </summary>
    public int Connections { get; set; } = Limits.ReadingConnections;

    /// <summary>Cheap executions of a client that may wait. More smooth longer bursts; what waits keeps its request in memory.</summary>
    public int CheapQueued { get; set; } = Engine.Limits.CheapQueued;

    /// <summary>Units of dear executions of a client that may wait. More are answered later, and no more of them.</summary>
    public int DearQueued { get; set; } = Engine.Limits.DearQueued;

    /// <summary>Milliseconds that any may wait.</summary>
    public int QueueMs { get; set; } = Engine.Limits.QueueMs;

    /// <summary>Field cost up to which an execution is cheap that adds nothing up. What statistics and exact counts cost does not matter: they are dear.</summary>
    public int CheapCost { get; set; } = Engine.Limits.CheapCost;

    /// <summary>The settings of a configuration, held against the shares of its clients.</summary>
    /// <exception cref="ConfigurationException">They make no sense; the message lists all that is wrong.</exception>
    public static AdmissionSettings Of(IConfiguration configuration, IReadOnlyCollection<ClientShare> shares)
    {
        AdmissionSettings settings;
        try
        {
            settings = configuration.GetSection(Section).Get<AdmissionSettings>() ?? new AdmissionSettings();
        }
        catch (InvalidOperationException cause)
        {
            throw new ConfigurationException($"The section {Section} cannot be read: {cause.Message}");
        }

        string[] wrong = [.. settings.Problems(shares)];
        return wrong.Length == 0 ? settings : throw new ConfigurationException($"The section {Section}: {string.Join(" ", wrong)}");
    }

    /// <summary>As the engine takes them.</summary>
    public AdmissionOptions ToOptions() => new() { CheapQueued = CheapQueued, DearQueued = DearQueued, QueueMs = QueueMs, CheapCost = CheapCost };

    private IEnumerable<string> Problems(IReadOnlyCollection<ClientShare> shares)
    {
        int executions = shares.Sum(share => share.Executions);
        if (Connections <= executions)
        {
            yield return $"the shares of {string.Join(", ", shares.Select(share => share.Name))} admit {executions} executions at once, so Connections must be at least "
                + $"{executions + Limits.ConnectionsOfStatistics} and is {Connections}: raise it, give clients smaller shares, or CheapAtOnce and DearAtOnce 0 to those that are to run in the share of default.";
        }

        if (CheapQueued is < 0 or > Engine.Limits.AtOnceMax || DearQueued is < 0 or > Engine.Limits.AtOnceMax)
        {
            yield return $"CheapQueued and DearQueued are 0 to {Engine.Limits.AtOnceMax}.";
        }

        int longest = Engine.Limits.RequestTimeoutMs - Engine.Limits.StatementTimeoutMs;
        if (QueueMs < 1 || QueueMs >= longest)
        {
            yield return $"QueueMs is 1 to {longest - 1}: who waited longer has no time left for a statement.";
        }

        if (CheapCost is < 1 or > Engine.Limits.DearUnitCost)
        {
            yield return $"CheapCost is 1 to {Engine.Limits.DearUnitCost}.";
        }
    }
}
