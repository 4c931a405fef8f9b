using System.CommandLine;
using System.Globalization;
using CityHelper.Data.Changes;
using CityHelper.Data.Cities;
using Npgsql;
using static CityHelper.Server.Commands.CommonOptions;

namespace CityHelper.Server.Commands;

/// <summary><c>cityhelper log head --city nyc</c></summary>
public static class LogHeadCommand
{
    public static Command Create(CommandHost host)
    {
        var command = new Command(
            "head", "Prints the epoch, the number of a city's newest event, and the age of the oldest event that waits for its number.")
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
        CityHead head = (await new ChangeLog(dataSource).HeadsAsync(cancellation)).Single(h => h.CityId == city.Id);
        string waiting = head.OldestUnnumbered is { } age
            ? string.Create(CultureInfo.InvariantCulture, $"the oldest unnumbered event is {age.TotalMilliseconds:N0} ms old")
            : "nothing waits for a number";
        string newest = head.Newest?.EventId.ToString() ?? "none";
        await host.Output.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture, $"Epoch {head.Epoch}, number {head.Number}, event {newest}; {waiting}."));
        return 0;
    }
}
