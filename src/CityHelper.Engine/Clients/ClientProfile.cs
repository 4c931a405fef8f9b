using CityHelper.Engine.Admission;
using CityHelper.Engine.Cost;
using Microsoft.AspNetCore.Http;

namespace CityHelper.Engine.Clients;

/// <summary>What a client may send.</summary>
public enum ClientMode
{
    /// <summary>Only published operations, by id or hash.</summary>
    PersistedOnly,

    /// <summary>Also any text with its hash, under a quota; afterwards the hash alone is enough (automatic persisted operations).</summary>
    Registration,

    /// <summary>Any text within the cost limit.</summary>
    FreeText,
}

/// <summary>A client, or the profile of all clients that are not identified.</summary>
/// <param name="Name">Its name in logs and quotas.</param>
/// <param name="Mode">What it may send.</param>
public sealed record ClientProfile(string Name, ClientMode Mode)
{
    /// <summary>Whether the server only logs what the mode forbids, and runs it: the step before a client is restricted.</summary>
    public bool LogOnly { get; init; }

    /// <summary>
    /// The cost limit of texts that the client sends. A published operation may cost a multiple of its usual cost instead, with the
    /// variables of each request (<see cref="Limits.PublishedFieldCostTimes"/>).
    /// </summary>
    public CostLimit CostLimit { get; init; } = CostLimit.Default;

    /// <summary>
    /// New texts that it may have compiled and registered in a day; registered texts run beyond the quota. Texts that do not compile, or
    /// come with a wrong hash, count too. A client of <see cref="ClientMode.FreeText"/> runs every text that it sends; beyond its quota
    /// none is registered.
    /// </summary>
    public int RegistrationsPerDay { get; init; } = Limits.RegistrationsPerDay;

    /// <summary>Whether it authenticates with a secret: shared caches must not store the schema or the explorer that it reads.</summary>
    public bool IsKnownBySecret { get; init; }

    /// <summary>The mutations that it may send.</summary>
    public WriteAccess Writes { get; init; }

    /// <summary>The share of the server that it may use at once.</summary>
    public ClientShare Share { get; init; } = ClientShare.Everybody;

    /// <summary>
    /// Whether it may read the schema and the explorer, and errors suggest names: it may send any text, or its mode is only logged.
    /// </summary>
    public bool MayReadSchema => Mode == ClientMode.FreeText || LogOnly;
}

/// <summary>Identifies clients.</summary>
public interface IClientDirectory
{
    /// <summary>
    /// The profile of a request's client; a client that is not identified has a profile too. Where caches may answer, the host alone
    /// identifies the client.
    /// </summary>
    ClientProfile Identify(HttpRequest request);

    /// <summary>
    /// The profile of a client that may send its key and its name beside the request: browsers send no headers of their own when they open
    /// a WebSocket.
    /// </summary>
    /// <param name="request">The request that opened the connection.</param>
    /// <param name="key">The key that was sent beside it; null for the one of its headers.</param>
    /// <param name="name">The client's name that was sent beside it; null for the one of its headers.</param>
    /// <returns>Null when a key was sent that no client has: whoever stays connected should learn it at once.</returns>
    ClientProfile? Identify(HttpRequest request, string? key, string? name);

    /// <summary>Whether pages of another host may open a connection that browsers protect by no other means.</summary>
    /// <param name="origin">The origin as a browser sends it, such as <c>https://civic.example</c>.</param>
    bool AllowsOrigin(string origin);
}
