using CityHelper.Engine.Admission;
using CityHelper.Engine.Cost;
using Microsoft.AspNetCore.Http;

namespace CityHelper.Engine.Clients;

/// <summary>What a client may send.</summary>
public enum ClientMode
{
    /// <summary>Published operations by their ids, and nothing else.</summary>
    PersistedOnly,

    /// <summary>Also texts together with their hash, under a quota; from then on the hash alone (automatic persisted operations).</summary>
    Registration,

    /// <summary>Any text that does not cost too much.</summary>
    FreeText,
}

/// <summary>A client, or those that are not identified.</summary>
/// <param name="Name">As logs and quotas know it.</param>
/// <param name="Mode">What it may send.</param>
public sealed record ClientProfile(string Name, ClientMode Mode)
{
    /// <summary>Whether what the mode forbids is logged and done all the same: the step before a client is restricted.</summary>
    public bool LogOnly { get; init; }

    /// <summary>
    /// What an operation of its own may cost. Published ones are held to a multiple of their usual cost instead, with the variables of each
    /// request (<see cref="Limits.PublishedFieldCostTimes"/>).
    /// </summary>
    public PriceLimit PriceLimit { get; init; } = PriceLimit.Default;

    /// <summary>
    /// New texts that it may have compiled and registered in a day; registered ones run beyond it. Also those count that do not compile or
    /// come under a wrong hash. A client of <see cref="ClientMode.FreeText"/> runs what it sends, and beyond its quota nothing of it is
    /// kept.
    /// </summary>
    public int RegistrationsPerDay { get; init; } = Limits.RegistrationsPerDay;

    /// <summary>Whether it showed a secret: the schema and the explorer, which it may have read by it, are for no shared cache.</summary>
    public bool IsKnownBySecret { get; init; }

    /// <summary>How much of the server it may take at once.</summary>
    public ClientShare Share { get; init; } = ClientShare.Everybody;

    /// <summary>
    /// Whether the schema and the explorer are there for it, and errors suggest names: it may send any text, or is not restricted yet.
    /// </summary>
    public bool MayReadSchema => Mode == ClientMode.FreeText || LogOnly;
}

/// <summary>Knows clients.</summary>
public interface IClientDirectory
{
    /// <summary>
    /// Whose request it is. Every request is somebody's: who is not identified has a profile too. At a
    /// <see cref="Transport.Http.CacheableAddress"/> nothing may decide that a cache does not look at.
    /// </summary>
    ClientProfile Identify(HttpRequest request);
}
