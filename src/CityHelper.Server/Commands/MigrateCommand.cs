using System.CommandLine;
using CityHelper.Data.Migrations;
using CityHelper.Data.Statistics;
using Npgsql;

namespace CityHelper.Server.Commands;

/// <summary><c>cityhelper migrate</c></summary>
public static class MigrateCommand
{
    public static Command Create(CommandHost host)
    {
        var command = new Command(
            "migrate",
            "Brings the database's schema up to date. Safe to repeat, and to run from several servers at once. While a script builds an "
                + "index, writers wait, 11 s per 2,000,000 requests and index; readers go on. Refuses while an import runs.");
        command.SetAction((_, cancellation) => host.RunAsync(() => RunAsync(host, cancellation)));
        return command;
    }

    private static async Task<int> RunAsync(CommandHost host, CancellationToken cancellation)
    {
        IReadOnlyList<string> ran = await new Migrator(host.ConnectionString).MigrateAsync(cancellation);
        await host.Output.WriteLineAsync(ran.Count == 0 ? "The schema is up to date." : $"Ran {string.Join(", ", ran)}.");
        await using NpgsqlDataSource dataSource = await host.OpenDatabaseAsync(cancellation);
        foreach (string slug in await new RequestCounters(dataSource, host.Time).UncountedCitiesAsync(cancellation))
        {
            await host.Output.WriteLineAsync(
                $"The requests of {slug} are not counted yet: run `cityhelper statistics rebuild --city {slug}`.");
        }

        return 0;
    }
}
