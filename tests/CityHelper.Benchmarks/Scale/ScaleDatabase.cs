using System.Diagnostics;
using System.Globalization;
using CityHelper.Data;
using CityHelper.Data.Statistics;
using Npgsql;

namespace CityHelper.Benchmarks.Scale;

/// <summary>The database of one size: created once and kept.</summary>
internal static class ScaleDatabase
{
    /// <summary>Creates the database unless it exists with all its rows.</summary>
    /// <param name="server">A connection string to any database of the server.</param>
    /// <param name="rows">Its size.</param>
    /// <returns>Its connection string.</returns>
    /// <exception cref="InvalidOperationException">The import failed, or the database holds other rows.</exception>
    public static async Task<string> EnsureAsync(string server, int rows)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"cityhelper_scale_{rows}");
        await CreateAsync(server, name);
        string database = new NpgsqlConnectionStringBuilder(server) { Database = name }.ConnectionString;
        await RunServerAsync(database, "migrate");
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(database);
        if (await CountAsync(source) != rows)
        {
            // An import that was interrupted is continued.
            string count = rows.ToString(CultureInfo.InvariantCulture);
            await RunServerAsync(database, "import", "--city", ScaleOperations.City, "--generate", count, "--seed", "1");
            long found = await CountAsync(source);
            if (found != rows)
            {
                throw new InvalidOperationException(
                    $"{name} holds {found:N0} requests instead of {rows:N0}: drop it, and it is made anew.");
            }
        }

        await EnsureDistrictAsync(source, database);
        await using NpgsqlCommand vacuum = source.CreateCommand("vacuum analyze");
        vacuum.CommandTimeout = 600;
        await vacuum.ExecuteNonQueryAsync();
        return database;
    }

    // Imports the district as a boundary with its counters, and backfills the packed blocks.
    private static async Task EnsureDistrictAsync(NpgsqlDataSource source, string database)
    {
        await ImportBoundariesAsync(database, ScaleOperations.DistrictKind, ScaleOperations.DistrictFeature);
        await new PackedBlocks(source, TimeProvider.System).BackfillAsync(await CityAsync(source));
    }

    /// <summary>Imports boundaries of a kind, with their counters; leaves unchanged ones as they are.</summary>
    /// <param name="database">The database.</param>
    /// <param name="kind">Their kind.</param>
    /// <param name="features">The boundaries as GeoJSON.</param>
    public static async Task ImportBoundariesAsync(string database, string kind, string features)
    {
        string file = Path.Combine(Path.GetTempPath(), $"{Path.GetRandomFileName()}.geojson");
        await File.WriteAllTextAsync(file, features);
        try
        {
            await RunServerAsync(database, "import-boundaries", "--city", ScaleOperations.City, "--kind", kind, file);
        }
        finally
        {
            File.Delete(file);
        }

        await using NpgsqlDataSource source = NpgsqlDataSource.Create(database);
        await new BoundaryCounters(source, TimeProvider.System).BackfillAsync(await CityAsync(source));
    }

    private static async Task<short> CityAsync(NpgsqlDataSource source)
    {
        await using NpgsqlCommand find = source.CreateCommand("select id from city where slug = $1");
        find.Parameters.AddWithValue(ScaleOperations.City);
        return (short)(await find.ExecuteScalarAsync())!;
    }

    private static async Task CreateAsync(string server, string name)
    {
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(server);
        await using NpgsqlCommand find = source.CreateCommand("select exists (select from pg_database where datname = $1)");
        find.Parameters.AddWithValue(name);
        if (await find.ExecuteScalarAsync() is false)
        {
            await using NpgsqlCommand create = source.CreateCommand($"create database {name}");
            await create.ExecuteNonQueryAsync();
        }
    }

    private static async Task<long> CountAsync(NpgsqlDataSource source)
    {
        await using NpgsqlCommand count = source.CreateCommand("select count(*) from service_request");
        return (long)(await count.ExecuteScalarAsync())!;
    }

    // The command's output goes to standard error: standard output belongs to the table.
    private static async Task RunServerAsync(string database, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "CityHelper.Server.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            Environment = { [CityHelperDatabase.ConnectionStringKey] = database },
        };
        using Process process = Process.Start(start)!;
        process.OutputDataReceived += (_, line) => Console.Error.Write(line.Data is { } text ? text + "\n" : "");
        process.BeginOutputReadLine();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"`cityhelper {string.Join(' ', arguments)}` failed: see above.");
        }
    }
}
