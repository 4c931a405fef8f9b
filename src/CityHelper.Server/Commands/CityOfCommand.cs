using CityHelper.Data.Cities;
using Npgsql;

namespace CityHelper.Server.Commands;

/// <summary>The city that a command works on.</summary>
internal static class CityOfCommand
{
    /// <summary>Finds the city. Adds it first when it is missing but known to the program.</summary>
    /// <exception cref="CommandException">There is no such city.</exception>
    public static async Task<CityEntry> FindOrAddAsync(
        CommandHost host, NpgsqlDataSource dataSource, string slug, CancellationToken cancellation)
    {
        var directory = new CityDirectory(dataSource, host.Time);
        if (await directory.FindAsync(slug, cancellation) is { } city)
        {
            return city;
        }

        CityFacts facts = KnownCities.Find(slug)
            ?? throw new CommandException($"There is no city `{slug}`: add it first with `cityhelper city add`.");
        await directory.AddAsync(facts, cancellation);
        await host.Output.WriteLineAsync($"Added {facts.Name} as `{slug}`: it was not there yet.");
        return (await directory.FindAsync(slug, cancellation))!;
    }
}
