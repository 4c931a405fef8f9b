using System.ComponentModel.DataAnnotations;
using CityHelper.Engine.Transport.Http;
using CityHelper.Server.Configuration;

namespace CityHelper.Server.Http;

/// <summary>The HTTP surface.</summary>
public sealed class HttpSettings : ISettings
{
    /// <summary>The key of <see cref="BatchRequests"/>.</summary>
    public const string BatchingKey = "CITYHELPER_BATCHING";

    /// <summary>The key of <see cref="Connections"/>.</summary>
    public const string ConnectionsKey = $"{Section}:Connections";

    private const string Section = "Http";

    /// <summary>How many requests one JSON array may hold; 0 refuses arrays.</summary>
    [ConfigurationKeyName(BatchingKey)]
    [Setting(Unit = "requests")]
    [Range(0, Engine.Limits.BatchRequestsMax)]
    public int BatchRequests { get; set; }

    /// <summary>How many client connections there may be at once; a further one is closed on arrival.</summary>
    [Setting(Unit = "connections")]
    [Range(1, Limits.HttpConnectionsMax)]
    public int Connections { get; set; } = Limits.HttpConnectionsDefault;

    /// <summary>The options of the engine.</summary>
    internal GraphQLHttpOptions ToOptions(IHostEnvironment environment) => new()
    {
        BatchRequestsMax = BatchRequests,
        WithAccessPaths = environment.IsDevelopment(),
    };

    void ISettings.Read(SettingsReader reader) => reader.Read(this, Section);

    IEnumerable<string> ISettings.Problems(IHostEnvironment environment) => [];
}
