using System.Globalization;
using CityHelper.Server.Redis;
using StackExchange.Redis;

namespace CityHelper.Benchmarks;

/// <summary>The process of a Redis on this machine.</summary>
internal static class RedisProcess
{
    /// <summary>Its id.</summary>
    /// <param name="redis">The connection string of Redis.</param>
    public static async Task<int> FindAsync(string redis)
    {
        await using ConnectionMultiplexer connection = await RedisConnection.ConnectAsync($"{redis},allowAdmin=true");
        string process = (await connection.GetServers()[0].InfoAsync("server")).SelectMany(section => section)
            .Single(entry => entry.Key == "process_id").Value;
        return int.Parse(process, CultureInfo.InvariantCulture);
    }
}
