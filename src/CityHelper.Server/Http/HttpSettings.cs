using System.Globalization;
using CityHelper.Engine.Http;

namespace CityHelper.Server.Http;

/// <summary>The HTTP surface as configured.</summary>
internal static class HttpSettings
{
    /// <summary>How many requests one JSON array may hold; 0 and none refuse arrays.</summary>
    public const string BatchingKey = "CITYHELPER_BATCHING";

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
