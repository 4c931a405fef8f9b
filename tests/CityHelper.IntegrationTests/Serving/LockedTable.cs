using Npgsql;

namespace CityHelper.IntegrationTests.Serving;

/// <summary>A table locked by another transaction, so that every statement that reads it waits until it is cancelled.</summary>
internal sealed class LockedTable : IAsyncDisposable
{
    /// <summary>Ten seconds of checks, a hundredth of a second each.</summary>
    private const int LooksMax = 1_000;

    /// <summary>Three seconds: less than the statement timeout, which would end the statements even without a cancellation.</summary>
    private const int LooksForNoneMax = 300;

    private readonly NpgsqlDataSource _database;
    private readonly NpgsqlConnection _holder;

    private LockedTable(NpgsqlDataSource database, NpgsqlConnection holder)
    {
        _database = database;
        _holder = holder;
    }

    public static async Task<LockedTable> HoldAsync(string connectionString, string table)
    {
        NpgsqlDataSource database = NpgsqlDataSource.Create(connectionString);
        NpgsqlConnection holder = await database.OpenConnectionAsync();
        await holder.BeginTransactionAsync();
        await using var command = new NpgsqlCommand($"lock table {table} in access exclusive mode", holder);
        await command.ExecuteNonQueryAsync();
        return new LockedTable(database, holder);
    }

    /// <summary>Waits until this many statements of the server wait for the table.</summary>
    /// <exception cref="TimeoutException">There are never that many.</exception>
    public async Task WaitForAsync(int statements)
    {
        const string Sql =
            """
            select count(*) from pg_stat_activity, pg_sleep(0.01)
            where application_name = 'cityhelper' and datname = current_database() and state = 'active' and wait_event_type = 'Lock'
            """;
        long seen = -1;
        for (int look = 0; look < (statements == 0 ? LooksForNoneMax : LooksMax); look++)
        {
            await using NpgsqlCommand command = _database.CreateCommand(Sql);
            seen = (long)(await command.ExecuteScalarAsync())!;
            if (seen == statements)
            {
                return;
            }
        }

        throw new TimeoutException($"{seen} statements wait for the table, not {statements}.");
    }

    public async ValueTask DisposeAsync()
    {
        await _holder.DisposeAsync();
        await _database.DisposeAsync();
    }
}
