using CityHelper.Server.Configuration;

namespace CityHelper.Server.Clients;

/// <summary>
/// One client, in the section <c>Clients</c>: <c>Clients__civic__Mode=Registration</c>. The client <c>default</c> stands for all
/// unidentified clients.
/// </summary>
public sealed class ClientSettings
{
    public const string Section = "Clients";

    /// <summary>The name of the client that stands for all unidentified ones.</summary>
    public const string DefaultName = "default";

    /// <summary>What it may send: <c>PersistedOnly</c>, <c>Registration</c> or <c>FreeText</c>.</summary>
    [Setting(Default = "none: it must be set")]
    public string Mode { get; set; } = "";

    /// <summary>Whether requests that the mode forbids are only logged.</summary>
    public bool LogOnly { get; set; }

    /// <summary>
    /// The mutations that it may send: <c>None</c>, <c>Report</c> or <c>All</c>. Outside Development, <c>All</c> needs an API key, and a
    /// client that is known by its name alone may send no more than <c>default</c>.
    /// </summary>
    [Setting(Default = "None; in Development All for `default`")]
    public string Writes { get; set; } = "";

    /// <summary>
    /// SHA-256 of its API keys, in lower-case hex; the keys themselves are stored nowhere. A client with keys is identified by them alone,
    /// except where caches may answer.
    /// </summary>
    public string[] ApiKeySha256 { get; set; } = [];

    /// <summary>Hosts that it calls, without scheme and port: <c>explorer.example.org</c>.</summary>
    public string[] Hosts { get; set; } = [];

    /// <summary>
    /// Origins of pages on other hosts that may open a WebSocket, as browsers send them: <c>https://civic.example</c>. Pages of the host
    /// that is called always may.
    /// </summary>
    public string[] Origins { get; set; } = [];

    /// <summary>The highest field cost that a text from it may have.</summary>
    [Setting(Unit = "units of cost", Default = Engine.Limits.FieldCostMax)]
    public double? MaxFieldCost { get; set; }

    /// <summary>The highest type cost that a text from it may have.</summary>
    [Setting(Unit = "units of cost", Default = Engine.Limits.TypeCostMax)]
    public double? MaxTypeCost { get; set; }

    /// <summary>New texts that it may send per day.</summary>
    [Setting(Unit = "texts", Default = Engine.Limits.RegistrationsPerDay)]
    public int? RegistrationsPerDay { get; set; }

    /// <summary>
    /// Its cheap executions at once: its share of the server, which no other client can take. With this and <see cref="DearAtOnce"/> 0 it
    /// runs in the share of <c>default</c>; a client that is known by its name alone always does. The share of <c>default</c> itself is
    /// twice the number of processors, at most 12.
    /// </summary>
    [Setting(Unit = "executions", Default = Engine.Limits.CheapAtOnceOfClient)]
    public int? CheapAtOnce { get; set; }

    /// <summary>
    /// Units of its dear executions at once, such as statistics. The share of <c>default</c> is the number of processors, at most 6.
    /// </summary>
    [Setting(Unit = "units", Default = Engine.Limits.DearAtOnceOfClient)]
    public int? DearAtOnce { get; set; }

    /// <summary>
    /// Requests that it may report to each server per minute; 0 for none. Those of a client that is known by its name alone count with
    /// those of <c>default</c>.
    /// </summary>
    [Setting(Unit = "requests", Default = Limits.ReportsPerMinute)]
    public int? ReportsPerMinute { get; set; }
}
