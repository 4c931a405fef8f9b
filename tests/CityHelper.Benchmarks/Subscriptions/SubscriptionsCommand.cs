using System.CommandLine;
using CityHelper.Benchmarks.Log;
using CityHelper.Data;
using CityHelper.Server.Redis;
using static CityHelper.Benchmarks.CommandTools;

namespace CityHelper.Benchmarks.Subscriptions;

/// <summary><c>subscriptions</c>: how late events are, and what they and their subscribers cost (docs/performance.md).</summary>
internal static class SubscriptionsCommand
{
    /// <summary>Each request is changed once, and the city has so many.</summary>
    private const int SecondsMax = 120;

    private static readonly string[] s_parts =
        [DeliveryDelay.Name, ManySubscriptions.ScaleName, ManySubscriptions.MemoryName, SharedEventCost.Name];

    private static readonly Option<int> Seconds = Number(
        "--seconds", "Seconds of events of each part, after it is warm.", given: 30, min: 3, max: SecondsMax);

    private static readonly Option<int> Seed = CommandTools.Seed();

    private static readonly Option<string?> Only = CommandTools.Only(s_parts);

    private static readonly Option<string?> Markdown = CommandTools.Markdown();

    /// <returns>0 when everything was measured.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        var command = new RootCommand("Measures subscriptions.") { Seconds, Seed, Only, Markdown };
        command.SetAction(async (parsed, _) =>
        {
            ThreadPool.SetMinThreads(16, 16);
            await PrintAsync(
                TablesAsync(
                    TimeSpan.FromSeconds(parsed.GetValue(Seconds)), parsed.GetValue(Seed), Parts(parsed.GetValue(Only), s_parts)),
                parsed.GetValue(Markdown));
        });
        return await command.Parse(args).InvokeAsync();
    }

    private static async IAsyncEnumerable<LogTable> TablesAsync(TimeSpan length, int seed, HashSet<string> parts)
    {
        Say($"A city of {SubscribedCity.Requests} requests");
        await using SubscribedCity city = await SubscribedCity.StartAsync(
            Variable(CityHelperDatabase.ConnectionStringKey), Variable(RedisConnection.ConnectionStringKey), seed);
        List<Finding> findings = [];
        if (parts.Contains(DeliveryDelay.Name))
        {
            Say($"From a commit to a socket");
            yield return await new DeliveryDelay(city, length, seed).MeasureAsync(findings);
        }

        if (parts.Contains(SharedEventCost.Name))
        {
            Say($"Messages of one event beside bare Kestrel");
            yield return await new SharedEventCost(city, length, seed).MeasureAsync(findings);
        }

        (bool scale, bool memory) = (parts.Contains(ManySubscriptions.ScaleName), parts.Contains(ManySubscriptions.MemoryName));
        if (scale || memory)
        {
            Say($"Many subscriptions beside few");
            await foreach (LogTable table in new ManySubscriptions(city, length, seed).MeasureAsync(scale, memory, findings))
            {
                yield return table;
            }
        }

        yield return Finding.Table(findings);
    }
}
