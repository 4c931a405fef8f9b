using CityHelper.Server.Configuration;

namespace CityHelper.Server.Clients;

/// <summary>
/// One client as the configuration has it, in the section <c>Clients</c>: <c>Clients__civic__Mode=Registration</c>. The client named
/// <c>default</c> is everybody who is not identified.
/// </summary>
public sealed class ClientSettings
{
    /// <summary>The section of all clients.</summary>
    public const string Section = "Clients";

    /// <summary>The name of the client for those who are not identified.</summary>
    public const string DefaultName = "default";

    /// <summary>What it may send: <c>PersistedOnly</c>, <c>Registration</c> or <c>FreeText</c>.</summary>
    [Setting(Default = "none: it must be set")]
    public string Mode { get; set; } = "";

    /// <summary>Whether what the mode forbids is only logged.</summary>
    public bool LogOnly { get; set; }

    /// <summary>
    /// SHA-256 of its API keys, lower-case hex; the keys themselves stand nowhere. A client that has any is known by them alone, but where
    /// caches may answer.
    /// </summary>
    public string[] ApiKeySha256 { get; set; } = [];

    /// <summary>Hosts at which it calls, without scheme and port: <c>explorer.example.org</c>.</summary>
    public string[] Hosts { get; set; } = [];

    /// <summary>The field cost that a text of its may have.</summary>
    [Setting(Unit = "units of cost", Default = Engine.Limits.FieldCostMax)]
    public double? MaxFieldCost { get; set; }

    /// <summary>The type cost that a text of its may have.</summary>
    [Setting(Unit = "units of cost", Default = Engine.Limits.TypeCostMax)]
    public double? MaxTypeCost { get; set; }

    /// <summary>New texts that it may send in a day.</summary>
    [Setting(Unit = "texts", Default = Engine.Limits.RegistrationsPerDay)]
    public int? RegistrationsPerDay { get; set; }

    /// <summary>
    /// Cheap executions of it at once: its share of the server, which nobody else can take. With this and <see cref="DearAtOnce"/> 0 it
    /// runs in the share of <c>default</c>; one that is known by its name alone always does. The share of <c>default</c> itself is twice
    /// the processors, at most 12.
    /// </summary>
    [Setting(Unit = "executions", Default = Engine.Limits.CheapAtOnceOfClient)]
    public int? CheapAtOnce { get; set; }

    /// <summary>
    /// Units of dear executions of it at once, such as statistics. The share of <c>default</c> itself is the processors, at most 6.
    /// </summary>
    [Setting(Unit = "units", Default = Engine.Limits.DearAtOnceOfClient)]
    public int? DearAtOnce { get; set; }
}
