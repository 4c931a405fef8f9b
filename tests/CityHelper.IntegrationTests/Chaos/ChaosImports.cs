using System.Diagnostics;
using System.Globalization;
using System.Text;
using CityHelper.Data;
using CityHelper.IntegrationTests.Commands;
using CityHelper.Server;
using Npgsql;

namespace CityHelper.IntegrationTests.Chaos;

/// <summary>
/// What a city sends: files of requests that nobody else changes, each file with a later state of all. The command imports them, in a
/// process of its own where it is killed in a transaction.
/// </summary>
internal sealed class ChaosImports : IDisposable
{
    /// <summary>Requests whose changes are events, one each.</summary>
    public const int Few = 600;

    /// <summary>So many requests more in every second file, whose changes are one event.</summary>
    public const int Many = 1_500;

    /// <summary>Requests of the first file alone: those that writers change.</summary>
    public const int Written = 300;

    private static readonly string[] s_statuses = ["Open", "In Progress", "Pending", "Closed"];

    private readonly string _folder = Directory.CreateTempSubdirectory("cityhelper-chaos-files-").FullName;
    private readonly string _database;
    private int _round;

    /// <param name="database">Where requests are imported.</param>
    public ChaosImports(string database) => _database = database;

    /// <summary>The status, as the source words it, that the last file gave to all of its requests.</summary>
    public string Status => s_statuses[_round % s_statuses.Length];

    /// <summary>Writes the first file: all requests.</summary>
    public string WriteFirst() => Write(Few + Many + Written);

    /// <summary>Writes the next file: the few, and in every second file the many.</summary>
    public string WriteNext()
    {
        _round++;
        return Write(_round % 2 == 0 ? Few + Many : Few);
    }

    /// <summary>Imports a file.</summary>
    /// <param name="slug">The city.</param>
    /// <param name="path">The file.</param>
    /// <returns>What the import said when it failed; null when it did not.</returns>
    public async Task<string?> ImportAsync(string slug, string path)
    {
        CommandRun run = await CommandRun.OfAsync(
            new Dictionary<string, string?>
            {
                [CityHelperDatabase.ConnectionStringKey] = _database, [ServerApplication.HomeKey] = _folder,
            },
            Arguments(slug, path));
        return run.Code == 0 ? null : run.Output + run.Error;
    }

    /// <summary>Imports a file, and kills the importer in a transaction.</summary>
    /// <returns>Whether it was killed there; false when it was faster.</returns>
    public async Task<bool> KillInTransactionAsync(string slug, string path)
    {
        using Process process = Start(slug, path);
        _ = process.StandardError.ReadToEndAsync();
        _ = process.StandardOutput.ReadToEndAsync();
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(_database)
        {
            ApplicationName = "chaos", Pooling = false,
        });
        await using NpgsqlConnection connection = await source.OpenConnectionAsync();
        await using var look = new NpgsqlCommand(
            $"select exists (select from pg_stat_activity where application_name = '{NameOf(slug)}' and backend_xid is not null)",
            connection);
        while (!process.HasExited)
        {
            if (await look.ExecuteScalarAsync() is true)
            {
                process.Kill();
                await process.WaitForExitAsync();
                return true;
            }
        }

        return false;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    // Each city's import has a name in PostgreSQL, so that the right one is killed.
    private static string NameOf(string slug) => $"chaos-import-{slug}";

    private static string[] Arguments(string slug, string path) => ["import", "--city", slug, "--source", "nyc-311", path];

    private Process Start(string slug, string path)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "CityHelper.Server.dll"));
        foreach (string argument in Arguments(slug, path))
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment[CityHelperDatabase.ConnectionStringKey] =
            new NpgsqlConnectionStringBuilder(_database) { ApplicationName = NameOf(slug) }.ConnectionString;
        start.Environment[ServerApplication.HomeKey] = _folder;
        return Process.Start(start)!;
    }

    private string Write(int rows)
    {
        var text = new StringBuilder(
            "Unique Key,Created Date,Complaint Type,Status,Resolution Action Updated Date,Descriptor,Latitude,Longitude\n");
        DateTime changed = new DateTime(2024, 7, 1).AddHours(_round);
        for (int i = 1; i <= rows; i++)
        {
            text.Append(CultureInfo.InvariantCulture,
                $"{i},06/{1 + (i % 28):00}/2024 08:00:00 AM,Noise,{Status},{changed:MM/dd/yyyy hh:mm:ss tt},Loud,");
            text.Append(CultureInfo.InvariantCulture, $"{40.70 + (i % 97 * 0.001):0.000},{-74.00 + (i % 89 * 0.001):0.000}\n");
        }

        string path = Path.Combine(_folder, $"{_round}.csv");
        File.WriteAllText(path, text.ToString());
        return path;
    }
}
