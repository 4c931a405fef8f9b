using System.CommandLine;
using System.Globalization;
using CityHelper.Data.Cities;
using Npgsql;

namespace CityHelper.Server.Commands;

/// <summary><c>cityhelper city add nyc</c>, or with options that describe a city unknown to the program.</summary>
public static class CityAddCommand
{
    private static readonly Argument<string?> Known = new("known")
    {
        Description = $"A city the program knows: {string.Join(", ", KnownCities.Facts.Select(facts => facts.Slug))}.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Option<string?> Slug = new("--slug") { Description = "Name in URLs: lower-case letters, digits, dashes." };
    private static readonly Option<string?> Name = new("--name") { Description = "Name for people." };
    private static readonly Option<string?> Zone = new("--time-zone") { Description = "IANA name, such as America/Chicago." };
    private static readonly Option<string?> Bounds = new("--bounds") { Description = "west,south,east,north in degrees." };
    private static readonly Option<string?> Centre = new("--centre") { Description = "longitude,latitude where a map opens." };

    public static Command Create(CommandHost host)
    {
        var command = new Command("add", "Adds a city with its partitions.") { Known, Slug, Name, Zone, Bounds, Centre };
        command.SetAction((parsed, cancellation) => host.RunAsync(() => RunAsync(host, parsed, cancellation)));
        return command;
    }

    private static async Task<int> RunAsync(CommandHost host, ParseResult parsed, CancellationToken cancellation)
    {
        CityFacts facts = Facts(parsed);
        await using NpgsqlDataSource dataSource = await host.OpenDatabaseAsync(cancellation);
        CityAddOutcome outcome = await new CityDirectory(dataSource, host.Time).AddAsync(facts, cancellation);
        if (outcome.Status == CityAddStatus.Added)
        {
            await host.Output.WriteLineAsync($"Added {facts.Name} as `{facts.Slug}` (city {outcome.CityId}).");
            return 0;
        }

        throw new CommandException(outcome.Status == CityAddStatus.Exists
            ? $"There is a city `{facts.Slug}` already; choose another slug, or leave it as it is."
            : string.Join(Environment.NewLine, outcome.Problems));
    }

    private static CityFacts Facts(ParseResult parsed)
    {
        if (parsed.GetValue(Known) is { } known)
        {
            return KnownCities.Find(known)
                ?? throw new CommandException(
                    $"The program does not know `{known}`; give --slug, --name, --time-zone, --bounds and --centre.");
        }

        Option<string?>[] needed = [Slug, Name, Zone, Bounds, Centre];
        string[] missing = [.. needed.Where(option => parsed.GetValue(option) is null).Select(option => option.Name)];
        if (missing.Length > 0)
        {
            throw new CommandException($"Missing {string.Join(", ", missing)}; or name a city the program knows.");
        }

        double[] bounds = Numbers(
            parsed.GetValue(Bounds)!, 4, "--bounds must be west,south,east,north, such as -74.26,40.47,-73.70,40.92.");
        double[] centre = Numbers(parsed.GetValue(Centre)!, 2, "--centre must be longitude,latitude, such as -73.98,40.75.");
        return new CityFacts(
            parsed.GetValue(Slug)!,
            parsed.GetValue(Name)!,
            parsed.GetValue(Zone)!,
            bounds[0],
            bounds[1],
            bounds[2],
            bounds[3],
            centre[0],
            centre[1]);
    }

    private static double[] Numbers(string text, int count, string problem)
    {
        string[] parts = text.Split(',');
        var numbers = new double[count];
        bool read = parts.Length == count;
        for (int i = 0; read && i < count; i++)
        {
            read =
                double.TryParse(parts[i], NumberStyles.Float, CultureInfo.InvariantCulture, out numbers[i]) && double.IsFinite(numbers[i]);
        }

        return read ? numbers : throw new CommandException(problem);
    }
}
