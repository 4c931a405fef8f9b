using CityHelper.IntegrationTests.Postgres;
using CityHelper.Server.Commands;
using Microsoft.Extensions.Configuration;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Commands;

/// <summary><c>import-boundaries</c> as a user sees it.</summary>
[Collection(PostgresCollection.Name)]
public sealed class ImportBoundariesCommandTests(PostgresFixture postgres) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cityhelper-boundaries-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task It_says_what_it_did()
    {
        string database = await postgres.CreateDatabaseAsync();
        string file = Write(
            "areas.geojson",
            Square("West", -73.99),
            Square("East", -73.97),
            """{"type":"Feature","properties":{"name":"Nowhere"},"geometry":null}""");
        string[] arguments = ["import-boundaries", "--city", "nyc", "--kind", "area", file];
        (int code, string output, string error) = await RunAsync(database, arguments);
        Assert.Equal((0, ""), (code, error));
        Assert.Equal(
            """
            Added New York City as `nyc`: it was not there yet.
            areas.geojson: 3 features read.
              inserted 2, updated 0, unchanged 0, refused 1
              vertices: 10 at zoom 8, 10 at zoom 10, 10 at zoom 12, 10 at zoom 14, 10 in full
              refused (1):
                Nowhere: it has no geometry

            """,
            output);

        Assert.Contains(
            "  inserted 0, updated 0, unchanged 2, refused 1\n", (await RunAsync(database, arguments)).Output, StringComparison.Ordinal);
        string west = Write("west.json", Square("West", -73.99));
        Assert.Contains(
            "  kept 1 that are not in the file (--replace removes them)\n",
            (await RunAsync(database, "import-boundaries", "--city", "nyc", "--kind", "area", west)).Output,
            StringComparison.Ordinal);
        Assert.Contains(
            "  removed 1 that are not in the file\n",
            (await RunAsync(database, "import-boundaries", "--city", "nyc", "--kind", "area", "--replace", west)).Output,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_text_of_the_file_does_not_steer_the_terminal()
    {
        string database = await postgres.CreateDatabaseAsync();
        string file = Write(
            "areas.geojson",
            Square("West", -73.99),
            """{"type":"Feature","properties":{"name":"x"},"geometry":{"type":"\u001b[2J","coordinates":[]}}""");
        Assert.DoesNotContain('\u001b', (await RunAsync(database, "import-boundaries", "--city", "nyc", "--kind", "area", file)).Output);
    }

    [Fact]
    public async Task Every_feature_that_is_refused_is_told()
    {
        string database = await postgres.CreateDatabaseAsync();
        string[] refused =
        [
            .. Enumerable.Range(1, 30).Select(n => $$"""{"type":"Feature","properties":{"name":"Nowhere {{n}}"},"geometry":null}"""),
        ];
        string output = (
            await RunAsync(
                database,
                "import-boundaries",
                "--city",
                "nyc",
                "--kind",
                "area",
                Write("areas.geojson", [Square("West", -73.99), .. refused]))).Output;
        Assert.EndsWith(
            "  refused (30):\n" + string.Concat(Enumerable.Range(1, 30).Select(n => $"    Nowhere {n}: it has no geometry\n")),
            output,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_not_there_adds_no_city()
    {
        string database = await postgres.CreateDatabaseAsync();
        Assert.Equal(
            (1, "", "typo.geojson cannot be opened: there is no such file.\n"),
            await RunAsync(database, "import-boundaries", "--city", "nyc", "--kind", "area", "typo.geojson"));
        Assert.Equal((0, "Added New York City as `nyc` (city 1).\n", ""), await RunAsync(database, "city", "add", "nyc"));
    }

    /// <summary>An import waits for another one as long as needed, whatever command timeout the connection string sets.</summary>
    [Fact]
    public async Task A_second_import_waits_for_the_first()
    {
        string database = await postgres.CreateDatabaseAsync();
        await RunAsync(database, "city", "add", "nyc");
        await using NpgsqlDataSource dataSource = NpgsqlDataSource.Create(database);
        await using NpgsqlConnection first = await dataSource.OpenConnectionAsync();
        await using NpgsqlTransaction transaction = await first.BeginTransactionAsync();
        await using var hold = new NpgsqlCommand("insert into boundary_revision (city_id, revision, last_id) values (1, 0, 0)", first);
        await hold.ExecuteNonQueryAsync();

        Task<(int Code, string Output, string Error)> second = RunAsync(
            new NpgsqlConnectionStringBuilder(database) { CommandTimeout = 2 }.ConnectionString,
            "import-boundaries", "--city", "nyc", "--kind", "area", Write("areas.geojson", Square("West", -73.99)));
        await LockWaits.UntilAsync(database, TimeSpan.FromSeconds(3), second);
        await transaction.RollbackAsync();
        Assert.Equal((0, ""), await second is var ran ? (ran.Code, ran.Error) : default);
    }

    [Theory]
    [InlineData(1, "There is no city `atlantis`: add it first with `cityhelper city add`.", "--city", "atlantis", "--kind", "area", "FILE")]
    [InlineData(
        1,
        "A kind has 1 to 40 lower-case letters, digits and dashes, and begins with a letter: community-district.",
        "--city",
        "nyc",
        "--kind",
        "Area!",
        "FILE")]
    [InlineData(1, "nowhere.geojson cannot be opened: there is no such file.", "--city", "nyc", "--kind", "area", "nowhere.geojson")]
    [InlineData(
        1,
        "areas.geojson: no feature has the property title; there are: name.",
        "--city",
        "nyc",
        "--kind",
        "area",
        "--name-property",
        "title",
        "FILE")]
    [InlineData(2, "Option '--kind' is required.", "--city", "nyc", "FILE")]
    [InlineData(2, "Option '--city' is required.", "--kind", "area", "FILE")]
    [InlineData(2, "Required argument 'file' missing for command: 'import-boundaries'.", "--city", "nyc", "--kind", "area")]
    public async Task A_mistake_gets_one_clear_sentence(int code, string sentence, params string[] arguments)
    {
        string database = await postgres.CreateDatabaseAsync();
        string file = Write("areas.geojson", Square("West", -73.99));
        (int Code, string Output, string Error) ran = await RunAsync(
            database, ["import-boundaries", .. arguments.Select(a => a == "FILE" ? file : a)]);
        Assert.Equal(code, ran.Code);
        Assert.Equal(sentence, ran.Error.Split('\n')[0]);
    }

    [Fact]
    public async Task Its_help_says_how_to_call_it()
    {
        (int code, string output, _) = await RunAsync("", "import-boundaries", "--help");
        Assert.Equal(0, code);
        Assert.All(
            [
                "import-boundaries <file> [options]", "--city", "--kind", "--name-property", "--code-property", "--replace",
                ".geojson or .json, perhaps with .gz",
            ],
            part => Assert.Contains(part, output, StringComparison.Ordinal));
    }

    private static string Square(string name, double west)
    {
        string ring = FormattableString.Invariant(
            $"[[{west},40.74],[{west + 0.02},40.74],[{west + 0.02},40.76],[{west},40.76],[{west},40.74]]");
        return $$$"""{"type":"Feature","properties":{"name":"{{{name}}}"},"geometry":{"type":"Polygon","coordinates":[{{{ring}}}]}}""";
    }

    private string Write(string name, params string[] features)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, $$"""{"type":"FeatureCollection","features":[{{string.Join(',', features)}}]}""");
        return path;
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(string database, params string[] arguments)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var host = new CommandHost
        {
            Configuration = new ConfigurationBuilder()
                .AddInMemoryCollection(new Dictionary<string, string?> { ["CITYHELPER_DATABASE"] = database })
                .Build(),
            Output = output,
            Error = error,
        };
        return (await CommandLine.RunAsync(arguments, host), output.ToString(), error.ToString());
    }
}
