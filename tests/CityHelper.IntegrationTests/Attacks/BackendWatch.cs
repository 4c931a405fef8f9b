using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>Checks the backends of a server's database every few hundredths of a second, over its own connection.</summary>
internal sealed class BackendWatch : IAsyncDisposable
{
    /// <summary>How long a backend may be busy beyond its limit: for a busy machine, and for a cancelled statement to end.</summary>
    private static readonly TimeSpan s_late = TimeSpan.FromSeconds(1);

    /// <summary>Private memory (RssAnon) that an idle backend may keep: 100 of them are 6.4 GB.</summary>
    private const long IdleBytesMax = 64L << 20;

    // The pool that compacts statistics has no time limit, and no request waits for it.
    private const string ActiveSql =
        """
        select pid, extract(epoch from clock_timestamp() - query_start)::float8, extract(epoch from clock_timestamp() - xact_start)::float8,
            left(query, 300)
        from pg_stat_activity, (select pg_sleep(0.02)) pause
        where datname = current_database() and application_name like 'cityhelper%' and application_name <> 'cityhelper statistics'
            and state = 'active'
        """;

    private const string IdleSql =
        """
        select pid from pg_stat_activity
        where datname = current_database() and application_name like 'cityhelper%' and application_name <> 'cityhelper statistics'
            and state = 'idle'
        """;

    private readonly NpgsqlConnection _connection;
    private readonly CancellationTokenSource _ending = new();
    private readonly TimeSpan _statementLimit;
    private readonly TimeSpan _transactionLimit;
    private readonly bool _readsMemory;
    private readonly Dictionary<int, (double Seconds, string What)> _late = [];
    private readonly TaskCompletionSource _firstLate = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _checking;

    private BackendWatch(NpgsqlConnection connection, bool readsMemory, TimeSpan? statementLimit)
    {
        _connection = connection;
        _readsMemory = readsMemory;
        _statementLimit = statementLimit ?? TimeSpan.FromMilliseconds(Engine.Limits.StatementTimeoutMs);
        _transactionLimit = statementLimit ?? TimeSpan.FromMilliseconds(Engine.Limits.RequestTimeoutMs);
        _checking = Task.Run(CheckAsync);
    }

    /// <summary>Starts the checks.</summary>
    /// <param name="database">The database of the server.</param>
    /// <param name="readsMemory">Whether the backends run on this machine, so that their memory is checked too.</param>
    /// <param name="statementLimit">The time limit of a statement and a transaction; the server's when left out.</param>
    public static async Task<BackendWatch> StartAsync(string database, bool readsMemory = true, TimeSpan? statementLimit = null)
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(database)
        {
            ApplicationName = "attack watch",
            Pooling = false,
            CommandTimeout = 60,
        }.ConnectionString);
        await connection.OpenAsync();
        return new BackendWatch(connection, readsMemory, statementLimit);
    }

    /// <summary>Ends at the first backend that is busy beyond its limit.</summary>
    public Task FirstLate => _firstLate.Task;

    /// <summary>Ends the checks; call it when all answers are there or given up.</summary>
    /// <returns>What went wrong.</returns>
    public async Task<IReadOnlyList<string>> EndAsync()
    {
        await _ending.CancelAsync();
        await _checking;
        string[] orphans = [.. await OrphansAsync()];
        string[] late =
        [
            .. _late.Select(l =>
                string.Create(CultureInfo.InvariantCulture, $"Backend {l.Key} was busy for {l.Value.Seconds:0.0} s: {l.Value.What}")),
        ];
        return [.. late, .. orphans, .. _readsMemory ? await HeavyAsync() : []];
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _checking;
        await _connection.DisposeAsync();
        _ending.Dispose();
    }

    private async Task CheckAsync()
    {
        while (!_ending.IsCancellationRequested)
        {
            foreach ((int pid, double statement, double transaction, string query) in await ActiveAsync())
            {
                if (statement > (_statementLimit + s_late).TotalSeconds && statement > _late.GetValueOrDefault(pid).Seconds)
                {
                    _late[pid] = (statement, $"statement {query}");
                }
                else if (transaction > (_transactionLimit + s_late).TotalSeconds && transaction > _late.GetValueOrDefault(pid).Seconds)
                {
                    _late[pid] = (transaction, $"transaction, now at {query}");
                }

                if (_late.Count > 0)
                {
                    _firstLate.TrySetResult();
                }
            }
        }
    }

    // No request waits any more, so active backends get a statement's time to end.
    private async Task<IReadOnlyList<string>> OrphansAsync()
    {
        long start = Stopwatch.GetTimestamp();
        IReadOnlyList<(int Pid, double Statement, double Transaction, string Query)> active;
        while ((active = await ActiveAsync()).Count > 0 && Stopwatch.GetElapsedTime(start) < _statementLimit + s_late)
        {
        }

        return [.. active.Select(a => string.Create(
            CultureInfo.InvariantCulture, $"Backend {a.Pid} is busy though nobody waits for it, for {a.Statement:0.0} s: {a.Query}"))];
    }

    private async Task<IReadOnlyList<(int Pid, double Statement, double Transaction, string Query)>> ActiveAsync()
    {
        await using var command = new NpgsqlCommand(ActiveSql, _connection);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        var active = new List<(int, double, double, string)>();
        while (await reader.ReadAsync())
        {
            active.Add((reader.GetInt32(0), reader.GetDouble(1), reader.IsDBNull(2) ? 0 : reader.GetDouble(2), reader.GetString(3)));
        }

        return active;
    }

    private async Task<IReadOnlyList<string>> HeavyAsync()
    {
        await using var command = new NpgsqlCommand(IdleSql, _connection);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        var heavy = new List<string>();
        while (await reader.ReadAsync())
        {
            int pid = reader.GetInt32(0);
            if (ProcessMemory.AnonymousBytes(pid) is { } bytes and > IdleBytesMax)
            {
                heavy.Add($"Backend {pid} is idle and keeps {bytes >> 20} MB.");
            }
        }

        return heavy;
    }
}

/// <summary>The memory of a process as the kernel counts it.</summary>
internal static class ProcessMemory
{
    /// <summary>Private resident bytes (<c>RssAnon</c> of proc(5)); null when the process has ended.</summary>
    public static long? AnonymousBytes(int pid) => Bytes(pid, "RssAnon:");

    /// <summary>Resident bytes, its own and those of files (<c>VmRSS</c>); null when the process has ended.</summary>
    public static long? ResidentBytes(int pid) => Bytes(pid, "VmRSS:");

    private static long? Bytes(int pid, string name)
    {
        try
        {
            string line = File.ReadLines($"/proc/{pid}/status").First(l => l.StartsWith(name, StringComparison.Ordinal));
            return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2].Split('\t')[^1], CultureInfo.InvariantCulture)
                << 10;
        }
        catch (Exception ended) when (ended is IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            return null;
        }
    }
}
