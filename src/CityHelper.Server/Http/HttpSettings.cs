using System.Globalization;
using CityHelper.Engine.Transport.Http;

namespace CityHelper.Server.Http;

/// <summary>The HTTP surface as configured.</summary>
internal static class HttpSettings
{
    /// <summary>How many requests one JSON array may hold; 0 and none refuse arrays.</summary>
    public const string BatchingKey = "CITYHELPER_BATCHING";

    /// <summary>How many connections of clients there may be at once.</summary>
    public const string ConnectionsKey = "Http:Connections";

    /// <summary>Connections of clients at once.</summary>
    /// <exception cref="ConfigurationException">It is no number, or one that makes no sense.</exception>
    public static int ConnectionsMax(IConfiguration configuration)
    {
        if (configuration[ConnectionsKey] is not { Length: > 0 } configured)
        {
            return Limits.HttpConnectionsDefault;
        }

        return int.TryParse(configured, NumberStyles.None, CultureInfo.InvariantCulture, out int connections) && connections is >= 1 and <= Limits.HttpConnectionsMax
            ? connections
            : throw new ConfigurationException(
                $"Http__Connections is {configured}: set it to the number of clients' connections at once, 1 to {Limits.HttpConnectionsMax}.");
    }

    /// <exception cref="ConfigurationException">A value makes no sense; the message says which would.</exception>
    public static GraphQLHttpOptions Read(IConfiguration configuration, IHostEnvironment environment) => new()
    {
        BatchRequestsMax = BatchRequestsMax(configuration[BatchingKey]),
        TellsForms = environment.IsDevelopment(),
    };

    private static int BatchRequestsMax(string? configured)
    {
        if (string.IsNullOrEmpty(configured))
        {
            return 0;
        }

        return int.TryParse(configured, NumberStyles.None, CultureInfo.InvariantCulture, out int requests) && requests <= Engine.Limits.BatchRequestsMax
            ? requests
            : throw new ConfigurationException(
                $"{BatchingKey} is {configured}: set it to the number of requests that one JSON array may hold, 0 to {Engine.Limits.BatchRequestsMax}.");
    }
}
