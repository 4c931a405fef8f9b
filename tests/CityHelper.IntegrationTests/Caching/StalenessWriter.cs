using System.Diagnostics;
using System.Globalization;
using CityHelper.Engine;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Serving;
using Npgsql;

namespace CityHelper.IntegrationTests.Caching;

/// <summary>
/// A service in the database that makes 50 changes of one city a second, and remembers when each commit had returned. Every fifth change
/// is a report, which statistics count. The others give a request the change's number as its title: four requests nine times a second
/// each, eight others every two seconds. Every other second it numbers its events itself; else that is left to the pulses of servers.
/// </summary>
internal sealed class StalenessWriter : IDisposable
{
    /// <summary>The requests whose titles change.</summary>
    public const int Requests = 12;

    /// <summary>Stands for the number of reports where a request stands otherwise.</summary>
    public const int Reports = Requests;

    private const int HotRequests = 4;

    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan s_retry = TimeSpan.FromMilliseconds(50);

    private readonly string _database;
    private readonly Random _dice;
    private readonly List<(int Number, long CommittedAt)>[] _changes =
        [.. Enumerable.Range(0, Requests + 1).Select(_ => new List<(int, long)>())];
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stop = new();
    private NpgsqlConnection? _connection;
    private Task _running = Task.CompletedTask;
    private int _numbers;

    /// <param name="database">The primary.</param>
    /// <param name="seed">Of what is drawn.</param>
    public StalenessWriter(string database, int seed)
    {
        _database = new NpgsqlConnectionStringBuilder(database) { Pooling = false, Timeout = 2, CommandTimeout = 10 }.ConnectionString;
        _dice = new Random(seed);
    }

    /// <summary>How many changes were confirmed.</summary>
    public int Confirmed => Volatile.Read(ref _numbers);

    /// <summary>The title that says which change of a request is shown.</summary>
    public static string Title(int number) => string.Create(CultureInfo.InvariantCulture, $"change {number}");

    /// <summary>The number in a title; 0 in the one that a request had before.</summary>
    public static int NumberOf(string? title) =>
        title?.Split(' ') is ["change", var number] ? int.Parse(number, CultureInfo.InvariantCulture) : 0;

    public void Start() => _running = Task.Run(RepeatAsync);

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
    }

    /// <summary>When the commit of the oldest confirmed change had returned that an answer lacks; null when it lacks none.</summary>
    /// <param name="subject">The request, or <see cref="Reports"/>.</param>
    /// <param name="shown">The last change that the answer shows of it.</param>
    public long? OldestLacking(int subject, int shown)
    {
        lock (_gate)
        {
            List<(int Number, long CommittedAt)> changes = _changes[subject];
            int next = changes.BinarySearch((shown, long.MaxValue));
            return ~next < changes.Count ? changes[~next].CommittedAt : null;
        }
    }

    public void Dispose()
    {
        _stop.Dispose();
        _connection?.Dispose();
    }

    // At a rate; what a dead primary holds up is not made up for.
    private async Task RepeatAsync()
    {
        var time = Stopwatch.StartNew();
        TimeSpan due = TimeSpan.Zero;
        while (!_stop.IsCancellationRequested)
        {
            int number = _numbers + 1;
            int subject = number % 5 == 0 ? Reports : _dice.Next(10) == 0 ? _dice.Next(HotRequests, Requests) : _dice.Next(HotRequests);
            if (!await TryAsync(subject == Reports ? ReportSql(number) : ChangeSql(subject, number)))
            {
                // Nobody knows whether it was committed. It is done again, and counts from then on.
                await Task.Delay(s_retry);
                continue;
            }

            lock (_gate)
            {
                // Reports are counted, and not numbered.
                _changes[subject].Add((subject == Reports ? _changes[Reports].Count + 1 : number, Stopwatch.GetTimestamp()));
            }

            Volatile.Write(ref _numbers, number);
            if (time.Elapsed.Seconds % 2 == 0)
            {
                await TryAsync($"select number_changes({RequestRows.City}::smallint)");
            }

            due += s_interval;
            if (due > time.Elapsed)
            {
                await Task.Delay(due - time.Elapsed);
            }
            else if (time.Elapsed - due > TimeSpan.FromSeconds(1))
            {
                due = time.Elapsed;
            }
        }
    }

    private async Task<bool> TryAsync(string sql)
    {
        try
        {
            if (_connection is null)
            {
                _connection = new NpgsqlConnection(_database);
                await _connection.OpenAsync();
            }

            await using var command = new NpgsqlCommand(sql, _connection);
            await command.ExecuteNonQueryAsync();
            return true;
        }
        catch (NpgsqlException)
        {
            await (_connection?.DisposeAsync() ?? ValueTask.CompletedTask);
            _connection = null;
            return false;
        }
    }

    private static string ChangeSql(int request, int number) =>
        $"""
        with before as materialized (
            select r as whole, r.city_id, r.id from service_request r
            where r.city_id = {RequestRows.City} and r.id = {GlobalId.Parse(ReadingFixture.Id(request))!.Row} for no key update
        ), after as (
            update service_request u set title = '{Title(number)}', updated_at = clock_timestamp()
            from before b where u.city_id = b.city_id and u.id = b.id
            returning u as whole, b.whole as was
        )
        select record_service_request_change(was, whole, 'probe') from after
        """;

    // Older than all others, so that lists of the newest do not show them.
    private static string ReportSql(int number) =>
        $"""
        with made as (
            insert into service_request as r (city_id, id, category_id, status, created_at, updated_at)
            select {RequestRows.City}, id_floor(t.at), 3, 'OPEN', t.at, t.at
            from (select timestamptz '2024-01-02 00:00Z' + {number} * interval '1 second' as at) t
            on conflict do nothing
            returning r as whole
        )
        select record_service_request_change(null, whole, 'probe') from made
        """;
}
