using System.CommandLine;
using System.Globalization;
using CityHelper.Data.Cities;
using CityHelper.Data.Statistics;
using Npgsql;
using static CityHelper.Server.Commands.CommonOptions;

namespace CityHelper.Server.Commands;

/// <summary><c>cityhelper statistics compare --city nyc</c></summary>
public static class StatisticsCompareCommand
{
    public static Command Create(CommandHost host)
    {
        var command = new Command(
            "compare",
            "Counts all requests of a city and compares the outcome with its counters, in one snapshot. Changes nothing. "
                + $"Exits with 1 when they differ, and tells the first {Data.Limits.DifferencesShownMax} differences.")
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
        CounterComparison comparison = await new RequestCounters(dataSource, host.Time).CompareAsync(
            city.Id, Data.Limits.DifferencesShownMax, cancellation);
        if (!comparison.IsCounted)
        {
            throw new CommandException(
                $"The requests of {slug} are not counted yet: run `cityhelper statistics rebuild --city {slug}`.");
        }

        long counters = comparison.Counters + comparison.Boundaries.Sum(b => b.Counters) + comparison.Blocks.Blocks;
        long differing = comparison.Differing + comparison.Boundaries.Sum(b => b.Differing) + comparison.Blocks.Differing;
        if (differing == 0)
        {
            await host.Output.WriteLineAsync(
                Line($"All {counters:N0} counters and blocks of {slug} agree with its {comparison.Requests:N0} requests."));
            return 0;
        }

        foreach (CounterDifference difference in comparison.First)
        {
            await host.Output.WriteLineAsync(Sentence(difference));
        }

        IEnumerable<string> ofBoundaries = comparison.Boundaries.SelectMany(b => b.First, Sentence).Take(Data.Limits.DifferencesShownMax);
        foreach (string sentence in ofBoundaries.Concat(comparison.Blocks.First.Select(Sentence)))
        {
            await host.Output.WriteLineAsync(sentence);
        }

        throw new CommandException(Line(
            $"{differing:N0} of {counters:N0} counters and blocks of {slug} differ: run `cityhelper statistics rebuild --city {slug}`."));
    }

    private static string Sentence(CounterDifference difference)
    {
        string bucket = difference.Bucket is { } number ? $", closed in bucket {number}" : "";
        string what = difference.Counted == difference.Expected
            ? Line($"{difference.Counted:N0} requests, but their location sums differ")
            : Line($"{difference.Counted:N0} counted, {difference.Expected:N0} there");
        return Line($"zoom {difference.Zoom}, {difference.Span} of {difference.Period:yyyy-MM-dd}, cell {difference.Cell}, ")
            + Line($"category {difference.CategoryId}, agency {difference.AgencyId}, {difference.Status}{bucket}: {what}");
    }

    private static string Sentence(BoundaryComparison boundary, BoundaryDifference difference) =>
        Line($"boundary {boundary.BoundaryId}, month of {difference.Period:yyyy-MM-dd}, category {difference.CategoryId}, ")
        + Line($"agency {difference.AgencyId}, {difference.Status}: ")
        + Line($"{difference.Counted:N0} counted, {difference.Expected:N0} there");

    private static string Sentence(BlockDifference difference) =>
        Line($"block of cell {difference.Cell}, id bucket {difference.Bucket}: ")
        + (difference.Packed == difference.Expected
            ? Line($"{difference.Packed:N0} requests, but with other content")
            : Line($"{difference.Packed:N0} packed, {difference.Expected:N0} there"));

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
