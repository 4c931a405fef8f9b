using Npgsql;

namespace CityHelper.IntegrationTests.Fuzzing;

/// <summary>
/// Looks at what PostgreSQL does for the server, ten times a second. A statement that is active beyond its limit is one that PostgreSQL could not end: GEOS is not interrupted
/// while it computes, and what it holds up nobody counts.
/// </summary>
internal sealed class StatementWatch : IAsyncDisposable
{
    /// <summary>What a statement may be active beyond its limit: for the end of what is computed of one row, and a busy machine.</summary>
    private static readonly TimeSpan s_grace = TimeSpan.FromSeconds(1);

    // The pause is PostgreSQL's, so that time passes where it is measured; the view is read after it.
    private const string Look =
        """
        select a.pid, a.query_start, clock_timestamp() - a.query_start, left(a.query, 200)
        from (select pg_sleep(0.1) offset 0) pause, lateral (
            select * from pg_stat_activity where datname = current_database() and application_name like 'cityhelper%' and state = 'active' and pause is not null) a
        """;

    private readonly NpgsqlDataSource _database;
    private readonly CancellationTokenSource _end = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<int, (DateTime Since, string Text)> _overdue = [];
    private readonly Task _loop;

    /// <summary>Begins.</summary>
    /// <param name="database">The server's database.</param>
    public StatementWatch(string database)
    {
        _database = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(database) { Pooling = false, ApplicationName = "watch", CommandTimeout = 60 });
        _loop = LookAsync();
    }

    /// <summary>The longest that a statement was seen active.</summary>
    public TimeSpan Longest { get; private set; }

    /// <summary>The limit and what may be beyond it.</summary>
    public static TimeSpan Allowed { get; } = TimeSpan.FromMilliseconds(Engine.Limits.StatementTimeoutMs) + s_grace;

    /// <summary>The statements that outlived it, each once.</summary>
    public IReadOnlyList<string> Overdue
    {
        get
        {
            lock (_lock)
            {
                return [.. _overdue.Values.Select(o => o.Text)];
            }
        }
    }

    /// <summary>Comes back when the server's connections rest; those that do not in time are overdue by then.</summary>
    public async Task SettleAsync()
    {
        await using NpgsqlConnection connection = await _database.OpenConnectionAsync();
        await using var busy = new NpgsqlCommand($"select count(*) from ({Look}) busy", connection);
        while (Overdue.Count == 0 && await busy.ExecuteScalarAsync() is not 0L)
        {
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _loop;
        await _database.DisposeAsync();
        _end.Dispose();
    }

    private async Task LookAsync()
    {
        await using NpgsqlConnection connection = await _database.OpenConnectionAsync();

        await using var look = new NpgsqlCommand(Look, connection);
        try
        {
            while (!_end.IsCancellationRequested)
            {
                await using NpgsqlDataReader reader = await look.ExecuteReaderAsync(_end.Token);
                while (await reader.ReadAsync(_end.Token))
                {
                    See(reader.GetInt32(0), reader.GetDateTime(1), reader.GetTimeSpan(2), reader.GetString(3));
                }
            }
        }
        catch (OperationCanceledException) when (_end.IsCancellationRequested)
        {
        }
    }

    private void See(int pid, DateTime since, TimeSpan age, string text)
    {
        lock (_lock)
        {
            Longest = age > Longest ? age : Longest;
            if (age > Allowed)
            {
                _overdue[pid] = (since, $"pid {pid} since {age.TotalSeconds:0.0} s: {text}");
            }
        }
    }
}
