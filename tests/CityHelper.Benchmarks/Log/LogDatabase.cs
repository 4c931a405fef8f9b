using System.Globalization;
using CityHelper.Data;
using CityHelper.Data.Cities;
using CityHelper.Data.Import;
using CityHelper.Data.Import.NewYork;
using CityHelper.Data.Migrations;
using CityHelper.Server.Database;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace CityHelper.Benchmarks.Log;

/// <summary>A database of one part: made anew, and dropped at its end.</summary>
internal sealed class LogDatabase : IAsyncDisposable
{
    private readonly string _server;
    private readonly string _name;

    private LogDatabase(string server, string name)
    {
        _server = server;
        _name = name;
        ConnectionString = new NpgsqlConnectionStringBuilder(server) { Database = name }.ConnectionString;
        Database = CityHelperDatabase.CreateDataSource(ConnectionString);
    }

    public string ConnectionString { get; }

    /// <summary>For what is not measured.</summary>
    public NpgsqlDataSource Database { get; }

    /// <param name="server">A connection string to any database of the server.</param>
    /// <param name="name">The database's name; one that is there is dropped.</param>
    public static async Task<LogDatabase> CreateAsync(string server, string name)
    {
        await RunAsync(server, $"drop database if exists {name} with (force)");
        await RunAsync(server, $"create database {name}");
        var database = new LogDatabase(server, name);
        await new Migrator(database.ConnectionString).MigrateAsync();
        return database;
    }

    /// <summary>A pool as each server has one for its writes.</summary>
    public WritingConnections OpenWriting() => new(ConnectionString, NullLoggerFactory.Instance);

    /// <summary>Adds a copy of New York.</summary>
    /// <param name="number">Its number, 1 for New York itself.</param>
    /// <param name="requests">Generated requests to import.</param>
    public async Task<CityEntry> AddCityAsync(int number, int requests)
    {
        string slug = number == 1 ? NewYork.Facts.Slug : string.Create(CultureInfo.InvariantCulture, $"{NewYork.Facts.Slug}-{number}");
        var cities = new CityDirectory(Database, TimeProvider.System);
        await cities.AddAsync(NewYork.Facts with { Slug = slug });
        CityEntry city = (await cities.FindAsync(slug))!;
        if (requests > 0)
        {
            ImportOutcome outcome = await new Importer(Database, TimeProvider.System, Path.GetTempPath())
                .GenerateAsync(city, new GeneratorOptions(requests, number, GeneratorOptions.DefaultUntilUtc));
            if (outcome.Failure is { } failure)
            {
                throw new InvalidOperationException(failure);
            }
        }

        return city;
    }

    /// <summary>Runs a statement without a time limit.</summary>
    public async Task<object?> RunAsync(string sql, params object[] parameters)
    {
        await using NpgsqlCommand command = Database.CreateCommand(sql);
        command.CommandTimeout = 0;
        foreach (object parameter in parameters)
        {
            command.Parameters.Add(new() { Value = parameter });
        }

        return await command.ExecuteScalarAsync();
    }

    /// <summary>Requests of a city in an order of the seed's, of those that are not ended for good.</summary>
    public async Task<IReadOnlyList<(long Id, string Status)>> DrawAsync(short city, int count, int seed)
    {
        await using NpgsqlCommand command = Database.CreateCommand(
            """
            select id, status::text from service_request
            where city_id = $1 and status not in ('CANCELLED', 'DUPLICATE')
            order by hashint8extended(id, $2) limit $3
            """);
        command.Parameters.Add(new() { Value = city });
        command.Parameters.Add(new() { Value = (long)seed });
        command.Parameters.Add(new() { Value = count });
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        var drawn = new List<(long, string)>();
        while (await reader.ReadAsync())
        {
            drawn.Add((reader.GetInt64(0), reader.GetString(1)));
        }

        return drawn;
    }

    public async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        await RunAsync(_server, $"drop database if exists {_name} with (force)");
    }

    private static async Task RunAsync(string server, string sql)
    {
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(server);
        await using NpgsqlCommand command = source.CreateCommand(sql);
        command.CommandTimeout = 600;
        await command.ExecuteNonQueryAsync();
    }
}
