using System.CommandLine;
using System.Globalization;
using CityHelper.Data.Changes;
using CityHelper.Data.Cities;
using Npgsql;
using static CityHelper.Server.Commands.CommonOptions;

namespace CityHelper.Server.Commands;

/// <summary><c>cityhelper log purge --city nyc --reason "rows were changed by hand"</c></summary>
public static class LogPurgeCommand
{
    public static Command Create(CommandHost host)
    {
        var command = new Command(
            "purge",
            "Writes an event that demands that everything kept of a city is read again. Needed after rows were changed without an event, "
                + "as by hand.")
        {
            City,
            Reason,
        };
        command.SetAction((parsed, cancellation) =>
            host.RunAsync(() => RunAsync(host, parsed.GetValue(City)!, parsed.GetValue(Reason)!, cancellation)));
        return command;
    }

    private static async Task<int> RunAsync(CommandHost host, string slug, string reason, CancellationToken cancellation)
    {
        CheckReason(reason);
        await using NpgsqlDataSource dataSource = await host.OpenDatabaseAsync(cancellation);
        CityEntry city = await host.FindCityAsync(dataSource, slug, cancellation);
        var log = new ChangeLog(dataSource);
        Guid eventId = await log.PurgeAsync(city.Id, reason, cancellation);

        // Without a number it is no less written: the next pulse of any server gives it one.
        Numbering? numbering = await log.NumberAsync(city.Id, eventId, Data.Limits.NumberingWaitMax, cancellation);
        await host.Output.WriteLineAsync(numbering is { Number: { } number }
            ? string.Create(CultureInfo.InvariantCulture, $"Event {eventId} of {city.Slug} has the number {number}.")
            : string.Create(CultureInfo.InvariantCulture, $"Event {eventId} of {city.Slug} waits for its number: a server gives it one."));
        return 0;
    }
}
