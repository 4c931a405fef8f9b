using System.CommandLine;
using CityHelper.Benchmarks.Cost.Generated;
using CityHelper.Data;

namespace CityHelper.Benchmarks.Cost;

/// <summary>
/// <c>cost</c>: measures the database time of a unit of cost, for every kind of condition, argument and area, and for generated requests.
/// </summary>
internal static class CostCommand
{
    private const int GeneratedDefault = 20_000;
    private const int SeedDefault = 12;

    /// <summary>Requests that are sent before anything is measured: connections warm up, and the JIT compiles.</summary>
    private const int WarmUp = 300;

    /// <summary>
    /// How often the slowest generated requests are repeated; the least time counts, since a busy machine only adds to it.
    /// </summary>
    private const int SlowestAgain = 5;

    /// <summary>How many of the slowest are repeated, beside all that exceed the limit.</summary>
    private const int Slowest = 100;

    /// <summary>How often each kind and each published operation is sent.</summary>
    private const int Times = 5;

    /// <summary>Requests that are generated per answered one, at most: a generator whose requests are all refused proves nothing.</summary>
    private const int MadeForEach = 20;

    private static readonly Option<int> Generated = new("--generated")
    {
        Description = $"Requests of each generator that must be answered, {GeneratedDefault} unless given.",
        DefaultValueFactory = _ => GeneratedDefault,
    };

    private static readonly Option<int> Seed = new("--seed")
    {
        Description = $"What they are made of, {SeedDefault} unless given.",
        DefaultValueFactory = _ => SeedDefault,
    };

    private static readonly Option<string?> Markdown = new("--markdown") { Description = "A file for the tables." };

    private static readonly Option<string?> Dearest = new("--dearest")
    {
        Description = "A file for the bodies of the most expensive generated requests, one a line.",
    };

    /// <returns>0 when no generated request exceeds the limit, 1 otherwise.</returns>
    public static Task<int> RunAsync(string[] args)
    {
        var command = new RootCommand("Measures the database time of a unit of cost.") { Generated, Seed, Markdown, Dearest };
        command.SetAction(
            (parsed, _) =>
                MeasureAsync(parsed.GetValue(Generated), parsed.GetValue(Seed), parsed.GetValue(Markdown), parsed.GetValue(Dearest)));
        return command.Parse(args).InvokeAsync();
    }

    private static async Task<int> MeasureAsync(int count, int seed, string? markdown, string? dearest)
    {
        string server = Environment.GetEnvironmentVariable(CityHelperDatabase.ConnectionStringKey)
            ?? throw new InvalidOperationException($"Set {CityHelperDatabase.ConnectionStringKey}: eng/bench cost does.");
        string database = await CostDatabase.EnsureAsync(server);
        await using CostServer measured = await CostServer.StartAsync(database);
        CostCity city = await CostCity.ReadAsync(measured.DataAsync);
        var free = new CostGenerator(city, seed);
        var published = new PublishedRequests(city, seed);
        await GenerateAsync(measured, "warm-up", free.Request, WarmUp, double.MaxValue);

        List<CostMeasurement> usual = [];
        foreach (CostRequest request in published.WithUsualVariables())
        {
            usual.Add(await measured.MeasureAsync(request, Times));
        }

        if (usual.Find(m => !m.IsAnswered) is { } refused)
        {
            throw new InvalidOperationException($"{refused.Request} was refused: {refused.Code}.");
        }

        List<KindResult> kinds = [];
        foreach (CostKind kind in new CostKinds(city).All())
        {
            kinds.Add(await MeasureAsync(measured, kind));
        }

        double mostUnitMs = new CostTable(usual, [], []).MostUnitMs;
        GeneratedResult[] generated =
        [
            await GenerateAsync(measured, "text", free.Request, count, mostUnitMs),
            await GenerateAsync(measured, "published", published.Request, count, mostUnitMs),
        ];
        var table = new CostTable(usual, kinds, generated);
        await Console.Out.WriteLineAsync(table.ToString());
        if (markdown is not null)
        {
            await File.WriteAllTextAsync(markdown, table.ToString());
        }

        if (dearest is not null)
        {
            await File.WriteAllLinesAsync(
                dearest,
                generated
                    .SelectMany(g => g.Answered.OrderByDescending(m => m.UnitMs).Take(Slowest))
                    .Select(m => measured.BodyOf(m.Request).ToJsonString()));
        }

        await Console.Error.WriteLineAsync(
            $"{table.TooExpensive} of {generated.Sum(g => g.Answered.Count)} generated requests take more than {CostTable.TimesMax} times "
                + "the median.");
        return table.TooExpensive == 0 ? 0 : 1;
    }

    // Sizes ascend, so all after the first refused one cost too much.
    private static async Task<KindResult> MeasureAsync(CostServer server, CostKind kind)
    {
        List<(int, CostMeasurement)> sizes = [];
        foreach (int size in kind.Sizes)
        {
            CostMeasurement measured = await server.MeasureAsync(kind.Of(size), Times);
            if (!measured.IsAnswered)
            {
                return new KindResult(kind, sizes, measured.Code);
            }

            sizes.Add((size, measured));
        }

        return new KindResult(kind, sizes, null);
    }

    private static async Task<GeneratedResult> GenerateAsync(
        CostServer server, string name, Func<int, CostRequest> make, int count, double mostUnitMs)
    {
        List<CostMeasurement> answered = [];
        var refused = new Dictionary<string, int>();
        for (int i = 0; answered.Count < count; i++)
        {
            if (i > MadeForEach * count)
            {
                throw new InvalidOperationException(
                    $"Of {i} {name} requests only {answered.Count} were answered: {string.Join(", ", refused)}.");
            }

            CostMeasurement measured = await server.MeasureAsync(make(i), 1);
            if (measured.IsAnswered)
            {
                answered.Add(measured);
            }
            else
            {
                refused[measured.Code!] = refused.GetValueOrDefault(measured.Code!) + 1;
            }

            if (i % 1_000 == 999)
            {
                await Console.Error.WriteLineAsync($"{name}: {answered.Count} of {i + 1} answered");
            }
        }

        await AgainAsync(server, answered, mostUnitMs);
        return new GeneratedResult(name, answered, refused);
    }

    // Repeats the slowest and all that exceed the limit: a time that a busy machine caused says nothing about a request.
    private static async Task AgainAsync(CostServer server, List<CostMeasurement> answered, double mostUnitMs)
    {
        answered.Sort((a, b) => b.UnitMs.CompareTo(a.UnitMs));
        for (int i = 0; i < answered.Count && (i < Slowest || answered[i].UnitMs > mostUnitMs); i++)
        {
            CostMeasurement again = await server.MeasureAsync(answered[i].Request, SlowestAgain);
            answered[i] = again.IsAnswered && again.DatabaseMs < answered[i].DatabaseMs ? again : answered[i];
        }
    }
}
