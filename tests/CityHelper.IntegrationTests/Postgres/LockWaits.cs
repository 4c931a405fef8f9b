using Npgsql;

namespace CityHelper.IntegrationTests.Postgres;

/// <summary>Sessions that wait for a lock, as PostgreSQL reports them.</summary>
internal static class LockWaits
{
    /// <summary>
    /// Returns when a session of the database has waited this long for a lock, or when <paramref name="waiter"/> has ended first.
    /// </summary>
    public static async Task UntilAsync(string database, TimeSpan longer, Task waiter)
    {
        await using NpgsqlDataSource dataSource = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(database) { Pooling = false, CommandTimeout = 60 });
        await using NpgsqlConnection connection = await dataSource.OpenConnectionAsync();

        // The pause between two checks and the clock are PostgreSQL's.
        await using var look = new NpgsqlCommand(
            """
            select exists (
                select from pg_stat_activity
                where datname = current_database() and wait_event_type = 'Lock' and clock_timestamp() - query_start > $1)
            from (select pg_sleep(0.05)) pause
            """, connection)
        {
            Parameters = { new() { Value = longer } },
        };
        while (!waiter.IsCompleted && await look.ExecuteScalarAsync() is not true)
        {
        }
    }
}
