using System.CommandLine;
using System.Globalization;
using CityHelper.Data.Changes;
using CityHelper.Data.Cities;
using CityHelper.Server.Changes;
using Npgsql;
using static CityHelper.Server.Commands.CommonOptions;

namespace CityHelper.Server.Commands;

/// <summary><c>cityhelper log compare --city nyc</c></summary>
public static class LogCompareCommand
{
    public static Command Create(CommandHost host)
    {
        var command = new Command(
            "compare",
            "Compares the copy of a city's change log in Redis with the log in PostgreSQL, event by event, up to its end. `refeed` mends "
                + "what differs.")
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
        CityHead head = (await log.HeadsAsync(cancellation)).Single(h => h.CityId == city.Id);
        IReadOnlyList<ChangeEvent> copied = await ReadCopyAsync(host, copy, head, cancellation);
        if (copied.Count == 0)
        {
            await host.Output.WriteLineAsync($"The copy of {slug} is empty: the next change begins it.");
            return 0;
        }

        long[] different = Different(copied, await ReadAsync(log, city.Id, copied[0].Number, copied[^1].Number, cancellation), slug);
        string range = $"{copied[0].Position} to {copied[^1].Position}";
        if (different.Length > 0)
        {
            throw new CommandException(string.Create(
                CultureInfo.InvariantCulture,
                $"{different.Length:N0} events of the copy of {slug} ({range}) are missing or not those of the log, the first of them "
                    + $"number {different[0]}: run `cityhelper log refeed --city {slug}`."));
        }

        if (copied[^1].Position < head.Position)
        {
            throw new CommandException(
                $"The copy of {slug} ends at {copied[^1].Position}, its log at {head.Position}: no server copies, or the servers have "
                    + "another Redis than this command.");
        }

        await host.Output.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture, $"The {copied.Count:N0} events of the copy of {slug} ({range}) are those of the log."));
        return 0;
    }

    /// <summary>Reads the copy; as long as it ends before the log did when the command began, again for a while: servers copy.</summary>
    private static async Task<IReadOnlyList<ChangeEvent>> ReadCopyAsync(
        CommandHost host, LogCopy copy, CityHead head, CancellationToken cancellation)
    {
        long start = host.Time.GetTimestamp();
        while (true)
        {
            IReadOnlyList<ChangeEvent> copied = await copy.ReadAsync(head.CityId, cancellation);
            if (copied.Count == 0 || copied[^1].Position >= head.Position || host.Time.GetElapsedTime(start) >= Limits.CopyAwaitedMax)
            {
                return copied;
            }

            await Task.Delay(Data.Limits.PulseInterval, host.Time, cancellation);
        }
    }

    private static async Task<List<ChangeEvent>> ReadAsync(ChangeLog log, short city, long from, long to, CancellationToken cancellation)
    {
        var events = new List<ChangeEvent>();
        while (from <= to && await log.ReadAsync(city, from, Limits.TailBatchEvents, cancellation) is { Count: > 0 } read)
        {
            events.AddRange(read.TakeWhile(change => change.Number <= to));
            from = read[^1].Number + 1;
        }

        return events;
    }

    /// <summary>The numbers under which copy and log do not have the same text, in order.</summary>
    private static long[] Different(IReadOnlyList<ChangeEvent> copied, IReadOnlyList<ChangeEvent> logged, string slug)
    {
        Dictionary<long, string> there = logged.ToDictionary(change => change.Number, change => ChangeCloudEvents.ToJson(change, slug));
        return
        [
            .. copied
                .Where(change => there.GetValueOrDefault(change.Number) != ChangeCloudEvents.ToJson(change, slug))
                .Select(change => change.Number)
                .Union(there.Keys.Except(copied.Select(change => change.Number)))
                .Order(),
        ];
    }
}
