using System.CommandLine;
using System.Globalization;
using CityHelper.Data.Cities;
using CityHelper.Data.Statistics;
using Npgsql;
using static CityHelper.Server.Commands.CommonOptions;

namespace CityHelper.Server.Commands;

/// <summary><c>cityhelper statistics rebuild --city nyc</c></summary>
public static class StatisticsRebuildCommand
{
    public static Command Create(CommandHost host)
    {
        var command = new Command(
            "rebuild",
            "Counts all requests of a city anew. Needed once for a city that had requests before there were counters, and when `compare` "
                + "finds differences. Imports and readers go on meanwhile; 2,000,000 requests take less than a minute.")
        {
            City,
        };
        command.SetAction((parsed, cancellation) => host.RunAsync(() => RunAsync(host, parsed.GetValue(City)!, cancellation)));
        return command;
    }

    private static async Task<int> RunAsync(CommandHost host, string slug, CancellationToken cancellation)
    {
        await using NpgsqlDataSource dataSource = await host.OpenDatabaseAsync(cancellation);
        CityEntry city = await host.FindCityAsync(dataSource, slug, cancellation);
        CounterRebuild rebuild = await new RequestCounters(dataSource, host.Time).RebuildAsync(city.Id, cancellation);
        await host.Output.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture, $"Counted {rebuild.Requests:N0} requests of {slug} in {rebuild.Counters:N0} counters."));
        return 0;
    }
}
