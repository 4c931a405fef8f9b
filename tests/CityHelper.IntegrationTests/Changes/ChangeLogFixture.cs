using System.Globalization;
using CityHelper.Data;
using CityHelper.Data.Changes;
using CityHelper.IntegrationTests.Import;
using CityHelper.IntegrationTests.Postgres;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Changes;

/// <summary>The change log of a city, written to by transactions of tests.</summary>
public abstract class ChangeLogFixture(PostgresFixture postgres) : ImportFixture(postgres)
{
    protected const short CityId = 1;

    private ChangeLog? _log;

    protected ChangeLog Log => _log ??= new ChangeLog(Database);

    protected Task<Numbering?> NumberAsync(short city = CityId, Guid? eventId = null) =>
        Log.NumberAsync(city, eventId, null, CancellationToken.None);

    protected Task<IReadOnlyList<ChangeEvent>> ReadAsync(short city = CityId) =>
        Log.ReadAsync(city, 0, 1_000_000, CancellationToken.None);

    /// <summary>Numbers and causes of a city's log.</summary>
    protected async Task<IReadOnlyList<string>> ToldAsync(short city = CityId) =>
        [.. (await ReadAsync(city)).Select(e => $"{e.Number} {e.Cause}")];

    /// <summary>Numbers, and returns the causes of the whole log.</summary>
    protected async Task<IReadOnlyList<string>> NumberedAsync(short city = CityId)
    {
        await NumberAsync(city);
        return await ToldAsync(city);
    }

    /// <summary>Appends an event in a transaction of its own.</summary>
    protected Task AppendAsync(string cause, short city = CityId) => ExecuteAsync(Appending(cause, city));

    protected static string Appending(string cause, short city = CityId) =>
        $"insert into change_outbox (city_id, event_id, kind, cause) values ({city}, uuid_v7(), 'purge', '{cause}')";

    /// <summary>A connection with an open transaction.</summary>
    protected async Task<Session> BeginAsync(string begin = "begin") => await Session.OpenAsync(ConnectionString, begin);

    protected async Task<long> CountAsync(string table) =>
        long.Parse(Assert.Single(await RowsAsync($"select count(*)::text from {table}")), CultureInfo.InvariantCulture);

    /// <summary>A connection of its own, so that what it leaves open is never another test's.</summary>
    protected sealed class Session : IAsyncDisposable
    {
        private readonly NpgsqlDataSource _database;
        private readonly NpgsqlConnection _connection;

        private Session(NpgsqlDataSource database, NpgsqlConnection connection)
        {
            _database = database;
            _connection = connection;
        }

        public static async Task<Session> OpenAsync(string database, string begin)
        {
            NpgsqlDataSource source = CityHelperDatabase.CreateDataSource(database);
            var session = new Session(source, await source.OpenConnectionAsync());
            await session.RunAsync(begin);
            return session;
        }

        public async Task<object?> RunAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, _connection);
            return await command.ExecuteScalarAsync();
        }

        public async ValueTask DisposeAsync()
        {
            await _connection.DisposeAsync();
            await _database.DisposeAsync();
        }
    }
}
