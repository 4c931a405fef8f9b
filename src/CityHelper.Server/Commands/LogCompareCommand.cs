using System.CommandLine;
using System.Globalization;
using CityHelper.Data.Changes;
using CityHelper.Data.Cities;
using Npgsql;

namespace CityHelper.Server.Commands;

/// <summary><c>cityhelper log compare --city nyc</c></summary>
public static class LogCompareCommand
{
    private static readonly Option<string> City = new("--city") { Description = "The city's slug.", Required = true };

    public static Command Create(CommandHost host)
    {
        var command = new Command(
            "compare",
            "Compares the copy of a city's change log in Redis with the log in PostgreSQL, event by event. `refeed` mends what differs.")
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
        IReadOnlyList<ChangeEvent> copied = await copy.ReadAsync(city.Id, cancellation);
        if (copied.Count == 0)
        {
            await host.Output.WriteLineAsync($"The copy of {slug} is empty: the next change begins it.");
            return 0;
        }

        var log = new ChangeLog(dataSource);
        Dictionary<long, ChangeEvent> logged = [];
        for (long from = copied[0].Number; from <= copied[^1].Number; from += Limits.TailBatchEvents)
        {
            foreach (ChangeEvent change in await log.ReadAsync(city.Id, from, Limits.TailBatchEvents, cancellation))
            {
                logged[change.Number] = change;
            }
        }

        ChangeEvent[] different =
        [
            .. copied.Where(change => !logged.TryGetValue(change.Number, out ChangeEvent? there)
                || there.Identity != change.Identity || there.Epoch != change.Epoch),
        ];
        string range = string.Create(
            CultureInfo.InvariantCulture, $"{copied[0].Epoch}-{copied[0].Number} to {copied[^1].Epoch}-{copied[^1].Number}");
        if (different.Length > 0)
        {
            throw new CommandException(string.Create(
                CultureInfo.InvariantCulture,
                $"{different.Length:N0} of {copied.Count:N0} events of the copy of {slug} ({range}) are not those of the log, the first of "
                    + $"them {different[0].Epoch}-{different[0].Number}: run `cityhelper log refeed --city {slug}`."));
        }

        await host.Output.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture, $"The {copied.Count:N0} events of the copy of {slug} ({range}) are those of the log."));
        return 0;
    }
}
