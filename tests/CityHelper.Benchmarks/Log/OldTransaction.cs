using Npgsql;

namespace CityHelper.Benchmarks.Log;

/// <summary>
/// A snapshot and a transaction id that stay open: the first keeps every row that is deleted since, the second is in every later snapshot.
/// </summary>
internal sealed class OldTransaction : IAsyncDisposable
{
    private readonly NpgsqlDataSource _source;
    private readonly NpgsqlConnection[] _connections;

    private OldTransaction(NpgsqlDataSource source, NpgsqlConnection[] connections)
    {
        _source = source;
        _connections = connections;
    }

    public static async Task<OldTransaction> OpenAsync(string database)
    {
        NpgsqlDataSource source = NpgsqlDataSource.Create(database);
        return new(source,
        [
            await BeginAsync(source, "begin isolation level repeatable read; select count(*) from city"),
            await BeginAsync(source, "begin; select pg_current_xact_id()"),
        ]);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (NpgsqlConnection connection in _connections)
        {
            await connection.DisposeAsync();
        }

        await _source.DisposeAsync();
    }

    private static async Task<NpgsqlConnection> BeginAsync(NpgsqlDataSource source, string sql)
    {
        NpgsqlConnection connection = await source.OpenConnectionAsync();
        await using var begin = new NpgsqlCommand(sql, connection);
        await begin.ExecuteNonQueryAsync();
        return connection;
    }
}
