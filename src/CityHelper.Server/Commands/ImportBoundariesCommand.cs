using System.CommandLine;
using System.Globalization;
using CityHelper.Data.Boundaries;
using CityHelper.Data.Cities;
using Npgsql;
using static CityHelper.Server.Commands.CommonOptions;

namespace CityHelper.Server.Commands;

/// <summary><c>cityhelper import-boundaries --city nyc --kind community-district FILE</c>.</summary>
public static class ImportBoundariesCommand
{
    private static readonly Argument<string> File = new("file")
    {
        Description = "A GeoJSON FeatureCollection: .geojson or .json, perhaps with .gz.",
    };
    private static readonly Option<string> Kind = new("--kind")
    {
        Description = "What the features are: community-district, borough, neighborhood.",
        Required = true,
    };

    private static readonly Option<string?> NameProperty = new("--name-property")
    {
        Description = "The features' property that is the name; a known one unless given.",
    };

    private static readonly Option<string?> CodeProperty = new("--code-property")
    {
        Description = "The features' property that tells them apart from file to file; a known one, their id, or the name unless given.",
    };

    private static readonly Option<bool> Replace = new("--replace")
    {
        Description = "Also remove boundaries of the kind that are not in the file; only with a file of which no feature is refused.",
    };

    public static Command Create(CommandHost host)
    {
        var command = new Command("import-boundaries", "Brings a city's districts, neighbourhoods or boroughs in. Safe to repeat.")
        {
            City, Kind, File, NameProperty, CodeProperty, Replace,
        };
        command.SetAction((parsed, cancellation) => host.RunAsync(() => RunAsync(host, parsed, cancellation)));
        return command;
    }

    private static async Task<int> RunAsync(CommandHost host, ParseResult parsed, CancellationToken cancellation)
    {
        string path = parsed.GetValue(File)!;
        CommandHost.RequireReadable([path], Data.Limits.BoundaryFileBytesMax);
        await using NpgsqlDataSource dataSource = await host.OpenDatabaseAsync(cancellation);
        CityEntry city = await CityOfCommand.FindOrAddAsync(host, dataSource, parsed.GetValue(City)!, cancellation);
        var options = new BoundaryImportOptions(
            parsed.GetValue(Kind)!, parsed.GetValue(NameProperty), parsed.GetValue(CodeProperty), parsed.GetValue(Replace));
        BoundaryImportOutcome outcome = await new BoundaryImporter(dataSource).ImportFileAsync(city, path, options, cancellation);
        if (outcome.Summary is not { } summary)
        {
            throw new CommandException(outcome.Failure!);
        }

        foreach (string line in Lines(Path.GetFileName(path), summary))
        {
            await host.Output.WriteLineAsync(ImportDisplay.Printable(line));
        }

        return 0;
    }

    private static IEnumerable<string> Lines(string what, BoundaryImportSummary summary)
    {
        yield return Line($"{what}: {summary.Read:N0} features read.");
        yield return Line($"  inserted {summary.Inserted:N0}, updated {summary.Updated:N0}, unchanged {summary.Unchanged:N0}")
            + Line($", refused {summary.Refused.Count:N0}");
        if (summary.Kept + summary.Removed > 0)
        {
            yield return summary.Removed > 0
                ? Line($"  removed {summary.Removed:N0} that are not in the file")
                : Line($"  kept {summary.Kept:N0} that are not in the file (--replace removes them)");
        }

        if (summary.Vertices.Count > 0)
        {
            yield return "  vertices: " + string.Join(", ", summary.Vertices.Select(v => v.Zoom == int.MaxValue
                ? Line($"{v.Vertices:N0} in full")
                : Line($"{v.Vertices:N0} at zoom {v.Zoom}")));
        }

        foreach (string line in Reasons("repaired", summary.Repaired).Concat(Reasons("refused", summary.Refused)))
        {
            yield return line;
        }
    }

    private static IEnumerable<string> Reasons(string what, IReadOnlyList<FeatureReason> reasons)
    {
        if (reasons.Count == 0)
        {
            yield break;
        }

        yield return Line($"  {what} ({reasons.Count:N0}):");
        foreach (FeatureReason reason in reasons)
        {
            yield return $"    {reason}";
        }
    }

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
