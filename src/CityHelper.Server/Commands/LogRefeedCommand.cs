using System.CommandLine;
using System.Globalization;
using CityHelper.Data.Changes;
using CityHelper.Data.Cities;
using Npgsql;
using static CityHelper.Server.Commands.CommonOptions;

namespace CityHelper.Server.Commands;

/// <summary><c>cityhelper log refeed --city nyc</c></summary>
public static class LogRefeedCommand
{
    public static Command Create(CommandHost host)
    {
        var command = new Command(
            "refeed",
            "Begins the copy of a city's change log in Redis anew from the log in PostgreSQL: its last ten minutes. Servers do so "
                + "themselves when a copy is lost or cut.")
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
        await using LogCopy copy = await LogCopy.OpenAsync(host, dataSource);
        var log = new ChangeLog(dataSource);
        await new ChangeNumbering(log).NumberAsync(city.Id, null, wait: null, cancellation);
        if (await copy.BeginAnewAsync(city.Id, log, cancellation) is not { } events)
        {
            throw new CommandException($"A server wrote to the copy of {slug} meanwhile: run `cityhelper log compare --city {slug}`.");
        }

        await host.Output.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture, $"The copy of {slug} begins anew with {events:N0} events."));
        return 0;
    }
}
