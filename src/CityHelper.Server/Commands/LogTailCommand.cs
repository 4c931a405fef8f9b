using System.CommandLine;
using CityHelper.Data.Changes;
using CityHelper.Data.Cities;
using CityHelper.Server.Changes;
using Npgsql;
using static CityHelper.Server.Commands.CommonOptions;

namespace CityHelper.Server.Commands;

/// <summary><c>cityhelper log tail --city nyc --follow</c></summary>
public static class LogTailCommand
{
    private static readonly Option<long?> After = new("--after")
    {
        Description = "The number behind which to begin; the newest ten events when left out.",
    };

    private static readonly Option<bool> Follow = new("--follow") { Description = "Go on printing new events until stopped." };

    public static Command Create(CommandHost host)
    {
        var command = new Command(
            "tail",
            "Prints events of a city's change log, oldest first, each as a CloudEvent in one line of JSON. It numbers what a writer left "
                + "behind, so it shows everything that is committed.")
        {
            City,
            After,
            Follow,
        };
        command.SetAction((parsed, cancellation) => host.RunAsync(() => RunAsync(
            host, parsed.GetValue(City)!, parsed.GetValue(After), parsed.GetValue(Follow), cancellation)));
        return command;
    }

    private static async Task<int> RunAsync(CommandHost host, string slug, long? after, bool follow, CancellationToken cancellation)
    {
        await using NpgsqlDataSource dataSource = await host.OpenDatabaseAsync(cancellation);
        CityEntry city = await host.FindCityAsync(dataSource, slug, cancellation);
        var log = new ChangeLog(dataSource);
        var numbering = new ChangeNumbering(log);
        Numbering head = (await numbering.NumberAsync(city.Id, null, wait: null, cancellation))!;
        long last = after ?? Math.Max(0, head.Head - Limits.TailEvents);
        using var timer = new PeriodicTimer(Limits.TailInterval, host.Time);
        do
        {
            await numbering.NumberAsync(city.Id, null, wait: null, cancellation);
            last = await PrintAsync(host, log, city, last, cancellation);
        }
        while (follow && await timer.WaitForNextTickAsync(cancellation));

        return 0;
    }

    private static async Task<long> PrintAsync(CommandHost host, ChangeLog log, CityEntry city, long last, CancellationToken cancellation)
    {
        while (await log.ReadAsync(city.Id, last + 1, Limits.TailBatchEvents, cancellation) is { Count: > 0 } events)
        {
            foreach (ChangeEvent change in events)
            {
                await host.Output.WriteLineAsync(ChangeCloudEvents.ToJson(change, city.Slug));
            }

            last = events[^1].Number;
        }

        return last;
    }
}
