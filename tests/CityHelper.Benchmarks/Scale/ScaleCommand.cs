using System.CommandLine;
using System.Globalization;
using CityHelper.Data;
using Spectre.Console;

namespace CityHelper.Benchmarks.Scale;

/// <summary><c>scale --sizes 50000,500000,2000000</c>: what each operation costs in cities of these sizes.</summary>
internal static class ScaleCommand
{
    private const int SizesMax = 6;
    private const int RowsMax = 10_000_000;

    /// <summary>Enough rows to fill the pages of all operations.</summary>
    private const int RowsMin = 50_000;

    private const string SizesDefault = "50000,500000,2000000";

    private static readonly Option<string?> Sizes = new("--sizes")
    {
        Description = $"Requests in each city, smallest first, {SizesDefault} unless given; a database of each is made once and kept.",
    };

    private static readonly Option<string?> Only = new("--only")
    {
        Description = "Measures the operations whose name holds one of these words, with commas between them.",
    };

    private static readonly Option<string?> Markdown = new("--markdown") { Description = "A file for the table as markdown." };

    /// <returns>0 when everything was measured.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        var command = new RootCommand("Measures how the cost of each operation grows with the city.") { Sizes, Only, Markdown };
        command.Validators.Add(parsed =>
        {
            if (Parse(parsed.GetValue(Sizes)).Count is 0 or > SizesMax)
            {
                parsed.AddError(
                    $"--sizes takes 1 to {SizesMax} numbers from {RowsMin} to {RowsMax}, smallest first, with commas between them.");
            }
        });
        command.SetAction(
            (parsed, _) => MeasureAsync(Parse(parsed.GetValue(Sizes)), parsed.GetValue(Only)?.Split(',') ?? [""], parsed.GetValue(Markdown))
        );
        return await command.Parse(args).InvokeAsync();
    }

    private static async Task<int> MeasureAsync(IReadOnlyList<int> sizes, string[] only, string? markdown)
    {
        string server = Environment.GetEnvironmentVariable(CityHelperDatabase.ConnectionStringKey)
            ?? throw new InvalidOperationException($"Set {CityHelperDatabase.ConnectionStringKey}: eng/bench scale does.");
        var databases = new List<string>();
        foreach (int size in sizes)
        {
            databases.Add(await ScaleDatabase.EnsureAsync(server, size));
        }

        ScaleTable table = new(sizes, await MeasureAsync(databases, only));
        AnsiConsole.Profile.Width = 240; // a log has no width of its own
        AnsiConsole.Write(table.ToSpectre());
        if (markdown is not null)
        {
            await File.WriteAllTextAsync(markdown, table.ToMarkdown());
        }

        return 0;
    }

    private static async Task<IReadOnlyList<IReadOnlyList<OperationCost>>> MeasureAsync(IReadOnlyList<string> databases, string[] only)
    {
        var cities = new List<ScaleCity>();
        try
        {
            foreach (string database in databases)
            {
                cities.Add(await ScaleCity.StartAsync(database, only));
            }

            return await ScaleBenchmark.MeasureAsync(cities);
        }
        finally
        {
            foreach (ScaleCity city in cities)
            {
                await city.DisposeAsync();
            }
        }
    }

    // Empty when the text is not an ascending list of allowed numbers.
    private static IReadOnlyList<int> Parse(string? text)
    {
        var sizes = new List<int>();
        foreach (string part in (text ?? SizesDefault).Split(','))
        {
            if (!int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int size)
                || size is < RowsMin or > RowsMax
                || (sizes.Count > 0 && size <= sizes[^1]))
            {
                return [];
            }

            sizes.Add(size);
        }

        return sizes;
    }
}
