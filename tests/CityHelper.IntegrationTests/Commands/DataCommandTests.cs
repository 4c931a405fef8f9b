using CityHelper.IntegrationTests.Postgres;
using CityHelper.Server.Commands;
using Microsoft.Extensions.Configuration;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Commands;

/// <summary>The commands as a user sees them: their output and exit codes.</summary>
[Collection(PostgresCollection.Name)]
public sealed class DataCommandTests(PostgresFixture postgres) : IDisposable
{
    private readonly string _home = Directory.CreateTempSubdirectory("cityhelper-commands-").FullName;

    private static string Excerpt => Repository.PathOf("tests", "CityHelper.IntegrationTests", "Import", "nyc-311-excerpt.csv");

    public void Dispose() => Directory.Delete(_home, recursive: true);

    [Fact]
    public async Task From_an_empty_database_to_requests()
    {
        string database = await postgres.CreateEmptyDatabaseAsync();
        Assert.Equal(
            (1, "", "The database's schema is not up to date: run `cityhelper migrate` first.\n"),
            await RunAsync(database, "import", "--city", "nyc", Excerpt));
        Assert.StartsWith("Ran 0001_service_requests.sql", (await RunAsync(database, "migrate")).Output, StringComparison.Ordinal);
        Assert.Equal((0, "The schema is up to date.\n", ""), await RunAsync(database, "migrate"));

        (int code, string output, string error) = await RunAsync(database, "import", "--city", "nyc", "--source", "nyc-311", Excerpt);

        Assert.Equal((0, ""), (code, error));
        string[] lines = output.Split('\n');
        Assert.Equal("Added New York City as `nyc`: it was not there yet.", lines[0]);
        Assert.StartsWith("nyc-311-excerpt.csv: 12 rows read in ", lines[1], StringComparison.Ordinal);
        Assert.Equal("  inserted 11, updated 0, unchanged 0, rejected 1", lines[2]);
        Assert.Equal("  without location 2, creation time corrected 0", lines[3]);
        Assert.StartsWith("  new categories (6): noise-residential, ", lines[4], StringComparison.Ordinal);
        Assert.Equal(Path.Combine(_home, "rejects"), Path.GetDirectoryName(lines[5].Split(": ")[1]));
    }

    [Fact]
    public async Task Generating_twice_changes_nothing()
    {
        string database = await postgres.CreateDatabaseAsync();
        await RunAsync(database, "import", "--city", "nyc", "--generate", "300", "--seed", "7");
        Assert.Contains("  inserted 0, updated 0, unchanged 300, rejected 0\n",
            (await RunAsync(database, "import", "--city", "nyc", "--generate", "300", "--seed", "7")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task On_a_terminal_a_bar_is_shown_and_the_summary_stays()
    {
        string database = await postgres.CreateDatabaseAsync();
        (int code, string output, string error) = await RunAsync(database, terminal: true, "import", "--city", "nyc", "--generate", "300");
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("  inserted 300, updated 0, unchanged 0, rejected 0\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_city_is_added_once()
    {
        string database = await postgres.CreateDatabaseAsync();
        string[] springfield = ["city", "add", "--slug", "springfield", "--name", "Springfield", "--time-zone", "America/Chicago",
            "--bounds=-93.5,37,-93,37.4", "--centre=-93.3,37.2"];
        Assert.Equal((0, "Added Springfield as `springfield` (city 1).\n", ""), await RunAsync(database, springfield));
        Assert.Equal(
            (1, "", "There is a city `springfield` already; choose another slug, or leave it as it is.\n"),
            await RunAsync(database, springfield));
        Assert.Equal((0, "Added New York City as `nyc` (city 2).\n", ""), await RunAsync(database, "city", "add", "nyc"));
    }

    [Theory]
    [InlineData(1, "Missing --name, --time-zone, --bounds, --centre; or name a city the program knows.", "city", "add", "--slug", "x")]
    [InlineData(
        1, "The program does not know `atlantis`; give --slug, --name, --time-zone, --bounds and --centre.", "city", "add", "atlantis")]
    [InlineData(
        1, "There is no city `atlantis`: add it first with `cityhelper city add`.", "import", "--city", "atlantis", "--generate", "1")]
    [InlineData(1, "There is no source `nope`; known: nyc-311.", "import", "--city", "nyc", "--source", "nope", "x.csv")]
    [InlineData(1, "x.csv cannot be opened: there is no such file.", "import", "--city", "nyc", "x.csv")]
    [InlineData(1, "--generate takes 1 to 20,000,000 rows.", "import", "--city", "nyc", "--generate", "0")]
    [InlineData(
        1, "--until takes a day such as 2026-11-01, from 2004 to 2100.", "import", "--city", "nyc", "--generate", "1", "--until", "soon")]
    [InlineData(2, "Give either files to import or --generate with a number.", "import", "--city", "nyc")]
    [InlineData(2, "Option '--city' is required.", "import", "x.csv")]
    public async Task A_mistake_gets_one_clear_sentence(int code, string sentence, params string[] arguments)
    {
        string database = await postgres.CreateDatabaseAsync();
        (int Code, string Output, string Error) ran = await RunAsync(database, arguments);
        Assert.Equal(code, ran.Code);
        Assert.Equal(sentence, ran.Error.Split('\n')[0]);
        Assert.DoesNotContain("   at ", ran.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_file_is_imported_and_no_city_added_when_one_of_the_files_is_not_there()
    {
        string database = await postgres.CreateDatabaseAsync();
        Assert.Equal(
            (1, "", "typo.csv cannot be opened: there is no such file.\n"),
            await RunAsync(database, "import", "--city", "nyc", Excerpt, "typo.csv"));
        Assert.Equal((0, "Added New York City as `nyc` (city 1).\n", ""), await RunAsync(database, "city", "add", "nyc"));
    }

    [Fact]
    public async Task A_database_that_is_too_slow_is_told_from_one_that_is_not_there()
    {
        string database = await postgres.CreateDatabaseAsync();
        await using NpgsqlDataSource dataSource = NpgsqlDataSource.Create(database);
        await using NpgsqlConnection other = await dataSource.OpenConnectionAsync();
        await using NpgsqlTransaction transaction = await other.BeginTransactionAsync();
        await using var hold = new NpgsqlCommand("lock table schema_version in access exclusive mode", other);
        await hold.ExecuteNonQueryAsync();
        Assert.Equal(
            (
                1,
                "",
                "The database did not answer in time: repeat it when the database is less busy and no other session holds a lock "
                    + "(pg_stat_activity tells), "
                    + "or see whether CITYHELPER_DATABASE is right.\n"),
            await RunAsync(new NpgsqlConnectionStringBuilder(database) { CommandTimeout = 1 }.ConnectionString, "city", "add", "nyc"));
    }

    [Fact]
    public async Task A_database_that_is_not_there_or_not_named_is_said()
    {
        Assert.Equal(
            (1, "The database does not answer: Connection refused. Is CITYHELPER_DATABASE right?\n"),
            await ErrorAsync("Host=127.0.0.1;Port=1;Username=x;Database=x"));
        Assert.StartsWith("No database is configured: set CITYHELPER_DATABASE", (await ErrorAsync("")).Error, StringComparison.Ordinal);
        Assert.StartsWith(
            "CITYHELPER_DATABASE is not a connection string: ", (await ErrorAsync("Hoost=1")).Error, StringComparison.Ordinal);

        async Task<(int Code, string Error)> ErrorAsync(string database)
        {
            (int code, _, string error) = await RunAsync(database, "migrate");
            return (code, error);
        }
    }

    private Task<(int Code, string Output, string Error)> RunAsync(string database, params string[] arguments) =>
        RunAsync(database, terminal: false, arguments);

    private async Task<(int Code, string Output, string Error)> RunAsync(string database, bool terminal, params string[] arguments)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var host = new CommandHost
        {
            Configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
            {
                ["CITYHELPER_DATABASE"] = database,
                ["CITYHELPER_HOME"] = _home,
            }).Build(),
            Output = output,
            Error = error,
            IsTerminal = terminal,
        };
        return (await CommandLine.RunAsync(arguments, host), output.ToString(), error.ToString());
    }
}
