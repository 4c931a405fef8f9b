using System.CommandLine;
using System.Globalization;
using CityHelper.Data.Changes;
using CityHelper.Engine.Tags;
using CityHelper.Server.Caching;
using CityHelper.Server.ServiceRequests;
using Npgsql;
using static CityHelper.Server.Commands.CommonOptions;

namespace CityHelper.Server.Commands;

/// <summary><c>cityhelper cache purge --city nyc --tag r/123 --reason "a name was shown"</c></summary>
public static class CachePurgeCommand
{
    public static Command Create(CommandHost host)
    {
        var tag = new Option<string?>("--tag")
        {
            Description = "Only answers with this tag, as `cache explain` and the header Cache-Tag show it: r/123, c/14/4825/6160, rows, "
                + "ref, boundary, bulk or all. Everything of the city when left out.",
        };
        var command = new Command(
            "purge",
            "Writes an event that demands that what is kept of a city is read again, by all servers and by whoever purges an edge. Needed "
                + "after rows were changed without an event, as by hand. `--city 0` is the list of cities.")
        {
            City,
            tag,
            Reason,
        };
        command.SetAction((parsed, cancellation) => host.RunAsync(
            () => RunAsync(host, parsed.GetValue(City)!, parsed.GetValue(tag), parsed.GetValue(Reason)!, cancellation)));
        return command;
    }

    private static async Task<int> RunAsync(
        CommandHost host, string slug, string? tagText, string reason, CancellationToken cancellation)
    {
        CheckReason(reason);
        ChangePurge purge = PurgeOf(tagText, slug);
        await using NpgsqlDataSource dataSource = await host.OpenDatabaseAsync(cancellation);
        short city = slug == TagNames.NoTenant ? (short)0 : (await host.FindCityAsync(dataSource, slug, cancellation)).Id;
        var log = new ChangeLog(dataSource);
        Guid eventId = await log.PurgeAsync(city, purge, reason, cancellation);

        // Without a number it is no less written: the next pulse of any server gives it one.
        Numbering? numbering = await log.NumberAsync(city, eventId, Data.Limits.NumberingWaitMax, cancellation);
        await host.Output.WriteLineAsync(numbering is { Number: { } number }
            ? string.Create(CultureInfo.InvariantCulture, $"Event {eventId} of {slug} has the number {number}.")
            : string.Create(CultureInfo.InvariantCulture, $"Event {eventId} of {slug} waits for its number: a server gives it one."));
        return 0;
    }

    // A tag may be given as the header has it, with the city in front.
    private static ChangePurge PurgeOf(string? text, string slug)
    {
        if (text is null)
        {
            return ChangePurge.All;
        }

        string own = text.StartsWith($"{slug}/", StringComparison.Ordinal) ? text[(slug.Length + 1)..] : text;
        return TagNames.Parse(own) is { } tag && ChangedTags.PurgeOf(tag) is { } purge
            ? purge
            : throw new CommandException(
                $"`{text}` is no tag: it is r/… (a request), c/zoom/x/y (a cell of zoom "
                    + $"{string.Join(", ", ServiceRequestQueries.Zooms)}), rows, ref, boundary, bulk or all.");
    }
}
