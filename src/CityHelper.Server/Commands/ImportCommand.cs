using System.CommandLine;
using System.Globalization;
using CityHelper.Data.Cities;
using CityHelper.Data.Import;
using Npgsql;
using static CityHelper.Server.Commands.CommonOptions;

namespace CityHelper.Server.Commands;

/// <summary><c>cityhelper import --city nyc --source nyc-311 FILE…</c>, or <c>--generate 50000 --seed 1</c>.</summary>
public static class ImportCommand
{
    private static readonly Argument<string[]> Files = new("files")
    {
        Description = "Files to import, .csv or .csv.gz, one after the other.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private static readonly Option<string> Source = new("--source")
    {
        Description = $"What the files are: {string.Join(", ", KnownCities.Sources.Select(source => source.Name))}.",
        DefaultValueFactory = _ => KnownCities.Sources[0].Name,
    };

    private static readonly Option<int?> Generate = new("--generate")
    {
        Description = "Make so many requests up instead of reading files.",
    };
    private static readonly Option<int> Seed = new("--seed")
    {
        Description = "The same seed makes the same requests.",
        DefaultValueFactory = _ => 1,
    };
    private static readonly Option<string?> Until = new("--until")
    {
        Description = $"The day before which made-up requests lie; {GeneratorOptions.DefaultUntilUtc:yyyy-MM-dd} unless given.",
    };

    private static readonly Option<string?> Rejects = new("--rejects")
    {
        Description = "Folder for the rows that are refused; `rejects` in the home by default.",
    };

    public static Command Create(CommandHost host)
    {
        var command = new Command("import", "Brings requests of a city in. Safe to repeat; an interrupted import continues.")
        {
            City, Source, Files, Generate, Seed, Until, Rejects,
        };
        command.Validators.Add(parsed =>
        {
            bool files = parsed.GetValue(Files) is { Length: > 0 };
            if (files == parsed.GetValue(Generate).HasValue)
            {
                parsed.AddError("Give either files to import or --generate with a number.");
            }
        });
        command.SetAction((parsed, cancellation) => host.RunAsync(() => RunAsync(host, parsed, cancellation)));
        return command;
    }

    private static async Task<int> RunAsync(CommandHost host, ParseResult parsed, CancellationToken cancellation)
    {
        IImportSource source = KnownCities.FindSource(parsed.GetValue(Source)!)
            ?? throw new CommandException(
                $"There is no source `{parsed.GetValue(Source)}`; "
                    + $"known: {string.Join(", ", KnownCities.Sources.Select(known => known.Name))}.");
        GeneratorOptions? generated = Generated(parsed);
        CommandHost.RequireReadable(parsed.GetValue(Files)!, Data.Limits.ImportBytesMax);
        await using NpgsqlDataSource dataSource = await host.OpenDatabaseAsync(cancellation);
        CityEntry city = await CityOfCommand.FindOrAddAsync(host, dataSource, parsed.GetValue(City)!, cancellation);
        var importer = new Importer(dataSource, host.Time, parsed.GetValue(Rejects) ?? Path.Combine(host.Home, "rejects"));

        if (generated is not null)
        {
            return await ShowAsync(
                host, generated.Count + " generated rows", progress => importer.GenerateAsync(city, generated, progress, cancellation));
        }

        foreach (string file in parsed.GetValue(Files)!)
        {
            int code = await ShowAsync(
                host, Path.GetFileName(file), progress => importer.ImportFileAsync(city, source, file, progress, cancellation));
            if (code != 0)
            {
                return code;
            }
        }

        return 0;
    }

    private static GeneratorOptions? Generated(ParseResult parsed)
    {
        if (parsed.GetValue(Generate) is not { } count)
        {
            return null;
        }

        if (count is < 1 or > Data.Limits.GeneratedRowsMax)
        {
            throw new CommandException($"--generate takes 1 to {Data.Limits.GeneratedRowsMax:N0} rows.");
        }

        if (parsed.GetValue(Until) is not { } text)
        {
            return new(count, parsed.GetValue(Seed), GeneratorOptions.DefaultUntilUtc);
        }

        // The generated requests cover the three years before it.
        const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        bool read = DateTime.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, Utc, out DateTime until)
            && until.Year is >= Data.Limits.YearMin + 4 and <= Data.Limits.YearMax;
        return read
            ? new(count, parsed.GetValue(Seed), until)
            : throw new CommandException(
                $"--until takes a day such as 2026-11-01, from {Data.Limits.YearMin + 4} to {Data.Limits.YearMax}.");
    }

    private static async Task<int> ShowAsync(
        CommandHost host, string what, Func<IProgress<ImportProgress>, Task<ImportOutcome>> import)
    {
        ImportOutcome outcome = await ImportDisplay.WatchAsync(host, what, import);
        if (outcome.Summary is not { } summary)
        {
            throw new CommandException(outcome.Failure!);
        }

        foreach (string line in ImportDisplay.Lines(what, summary))
        {
            await host.Output.WriteLineAsync(line);
        }

        return 0;
    }
}
