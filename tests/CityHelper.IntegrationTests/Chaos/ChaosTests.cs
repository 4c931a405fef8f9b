using System.Diagnostics;
using CityHelper.Data;
using CityHelper.Data.Changes;
using CityHelper.Engine.Cursors;
using CityHelper.IntegrationTests.Commands;
using CityHelper.IntegrationTests.Serving;
using CityHelper.Server.Changes;
using CityHelper.Server.Redis;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using StackExchange.Redis;
using Xunit;
using Xunit.Abstractions;

namespace CityHelper.IntegrationTests.Chaos;

/// <summary>
/// Two servers, two cities, imports, 200 changes a second; servers, importer, Redis and PostgreSQL are killed in turn, the end of
/// Redis's file is cut, Redis hangs, a standby is promoted that had not received all, a backup is restored. Afterwards log, rows, counters,
/// copy and two followers tell one history, and nothing that was confirmed is lost or done twice.
/// </summary>
/// <remarks>
/// In the suite once through all faults, about a minute. By hand: <c>CITYHELPER_CHAOS_MINUTES=10</c> goes on that long, in drawn orders
/// (<c>CITYHELPER_CHAOS_SEED</c>).
/// </remarks>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Reliability", "CA1001", Justification = "xunit calls DisposeAsync.")]
public sealed class ChaosTests(ITestOutputHelper output) : IAsyncLifetime
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(3);
    private static readonly string[] s_slugs = ["nyc", "second"];

    // So many events of each city must arrive after a fault: then it is over.
    private const int EventsAfterFault = 60;

    private readonly FollowerRecord[] _followers = [new("first"), new("second")];
    private readonly List<TestServer> _following = [];
    private readonly ChaosNotes _notes = new();
    private readonly Stopwatch _time = Stopwatch.StartNew();
    private double _calmSeconds;
    private int _calmChanges;
    private ChaosScene _scene = null!;
    private ChaosServers _servers = null!;
    private ChangeLog _log = null!;
    private IReadOnlyList<(short City, string Slug, long Id)> _requests = [];

    public async Task InitializeAsync()
    {
        _scene = await ChaosScene.StartAsync(s_slugs);
        _log = new ChangeLog(_scene.Database);
        _requests = await _scene.WrittenAsync();
        _servers = await _scene.StartServersAsync();
        foreach (FollowerRecord follower in _followers)
        {
            _following.Add(await TestServer.StartAsync(
                _scene.Cluster.ConnectionString,
                redis: _scene.Redis.ConnectionString,
                services: services => services.AddSingleton<IChangeObserver>(follower)));
        }
    }

    public async Task DisposeAsync()
    {
        foreach (TestServer server in _following)
        {
            await server.DisposeAsync();
        }

        await _servers.DisposeAsync();
        await _scene.DisposeAsync();
    }

    [Fact]
    public async Task Whatever_is_killed_all_tell_one_history()
    {
        using var writers = new ChaosWriters(
            _servers, _scene.Cluster.ConnectionString, _requests, _notes, _following[0].Services.GetRequiredService<LogPositionCursors>(),
            ChaosScene.Seed);
        writers.Start();
        double start = _time.Elapsed.TotalSeconds;
        Func<Task>[] faults =
        [
            KillServerAsync, KillImporterAsync, KillRedisAsync, HangRedisAsync, KillPostgresAsync, PromoteAsync, RestoreAsync,
        ];
        var dice = new Random(ChaosScene.Seed);
        await WorkedAsync("nothing");
        do
        {
            foreach ((int i, Func<Task> fault) in faults.Index())
            {
                await fault();
                await WorkedAsync(fault.Method.Name);
                if (i % 3 == 2)
                {
                    await _scene.ImportAsync(s_slugs, _scene.Imports.WriteNext());
                }
            }

            dice.Shuffle(faults);
        }
        while (_time.Elapsed.TotalMinutes < ChaosScene.Minutes);

        await writers.StopAsync();
        double seconds = _time.Elapsed.TotalSeconds - start;
        output.WriteLine(
            $"{_notes.Confirmed / seconds:0} changes/s in {seconds:0} s with faults, {_calmChanges / _calmSeconds:0} beside them");
        await CheckAsync(writers);
    }

    private async Task KillServerAsync()
    {
        int server = _notes.Confirmed % 2;
        await _servers.KillAsync(server);
        await WorkedAsync("a server away");
        await _servers.StartAgainAsync(server);
    }

    private async Task KillImporterAsync()
    {
        string path = _scene.Imports.WriteNext();
        bool[] areKilled = await Task.WhenAll(s_slugs.Select(slug => _scene.Imports.KillInTransactionAsync(slug, path)));
        output.WriteLine($"{areKilled.Count(isKilled => isKilled)} importers killed in a transaction");
    }

    private async Task KillRedisAsync()
    {
        await _scene.Redis.KillAsync();
        long length = _scene.Redis.CutFile(20_000);
        Assert.True(length > 20_000, $"nothing but the beginning would be left of {length} bytes");
        await WorkedAsync("Redis away");
        await _scene.Redis.StartAgainAsync();
    }

    private async Task HangRedisAsync()
    {
        await _scene.Redis.HangAsync();
        await WorkedAsync("Redis hanging");
        await _scene.Redis.GoOnAsync();
    }

    private async Task KillPostgresAsync()
    {
        await _scene.Cluster.KillAsync();
        await _scene.Cluster.StartAgainAsync();
    }

    // What is committed after it was cut off is lost, and known to followers and stream.
    private async Task PromoteAsync()
    {
        ChaosCluster.Standby standby = await _scene.Cluster.AddStandbyAsync();
        await standby.CutOffAsync();
        await WorkedAsync("a standby cut off");
        await standby.PromoteAsync();
        _notes.Lose();
    }

    // On the same timeline: only the witnesses, stream and followers, tell of it.
    private async Task RestoreAsync()
    {
        string backup = await _scene.Cluster.BackUpAsync();
        await WorkedAsync("a backup made");
        await _scene.Cluster.RestoreAsync(backup);
        _notes.Lose();
    }

    /// <summary>Waits until changes of both cities have gone all the way: so many more events, at both followers.</summary>
    private async Task WorkedAsync(string after)
    {
        (long start, int confirmed) = (Stopwatch.GetTimestamp(), _notes.Confirmed);
        long[] goals = [.. await Task.WhenAll(Cities().Select(async city => await HeadAsync(city) + EventsAfterFault))];
        await UntilAsync(
            () => Task.FromResult(Cities().Zip(goals).All(goal => _followers.All(f => f.Last(goal.First).Number >= goal.Second))),
            $"after {after}");
        foreach (TestServer server in _following)
        {
            server.TakeStatements();
        }

        Assert.All(_followers, follower => Assert.Empty(follower.Broken));
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        int changes = _notes.Confirmed - confirmed;
        (_calmSeconds, _calmChanges) = (_calmSeconds + seconds, _calmChanges + changes);
        output.WriteLine($"{_time.Elapsed.TotalSeconds,6:0.0} s  {after}: on after {seconds:0.0} s, {changes / seconds:0} changes/s");
    }

    private IEnumerable<short> Cities() => _requests.Select(r => r.City).Distinct();

    private async Task<long> HeadAsync(short city)
    {
        await using NpgsqlCommand command = _scene.Database.CreateCommand("select coalesce(max(n), 0) from change where city_id = $1");
        command.Parameters.Add(new() { Value = city });
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        long start = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(start) > s_patience)
            {
                string positions = string.Join(", ", _followers.Select(f => string.Join(" ", Cities().Select(c => f.Last(c)))));
                string told = string.Join("\n", _following.SelectMany(s => s.Warnings.Concat(s.Errors)).TakeLast(40));
                throw new TimeoutException($"Nothing goes on {what}; followers are at {positions}.\n{told}\n{_servers.Output}");
            }

            await Task.Delay(50);
        }
    }

    private async Task CheckAsync(ChaosWriters writers)
    {
        // Whatever a dead importer left half done is done when the file comes again.
        await _scene.ImportAsync(s_slugs, _scene.Imports.WriteNext());
        await UntilAsync(IsQuietAsync, "at the end");
        var history = new ChaosHistory(_scene.Database, _log);
        await using ConnectionMultiplexer redis = await RedisConnection.ConnectAsync(_scene.Redis.ConnectionString);
        int events = 0;
        foreach (short city in Cities().Prepend<short>(0))
        {
            IReadOnlyList<ChangeEvent> log = await history.LogAsync(city);
            Assert.All(_followers, follower => ChaosHistory.AssertFollowed(follower, city, log));
            await UntilAsync(() => IsCopiedAsync(redis.GetDatabase(), city, log[^1]), $"in the copy of city {city}");
            await ChaosHistory.AssertCopiedAsync(redis.GetDatabase(), RedisChangeStream.KeyOf(city), log);
            if (city != 0)
            {
                await history.AssertChainedAsync(city, log, [.. _requests.Where(r => r.City == city).Select(r => r.Id)]);
                ChaosHistory.AssertReadAt(city, log, writers.Reads.Where(read => read.Losses == _notes.Losses));
            }

            events += log.Count;
        }

        await history.AssertNotesAsync(_notes);
        Assert.Equal(["0"], await ImportedAsync());
        await AssertCommandsAsync();
        output.WriteLine(
            $"{events} events, {_notes.Confirmed} confirmed and {_notes.Refused} refused changes, {writers.Reads.Count} reads, "
            + $"{_notes.Losses} losses, in {_time.Elapsed.TotalSeconds:0} s");
    }

    private async Task<bool> IsQuietAsync()
    {
        await using NpgsqlCommand waiting = _scene.Database.CreateCommand("select count(*) from change_outbox");
        if ((long)(await waiting.ExecuteScalarAsync())! > 0)
        {
            return false;
        }

        foreach (short city in Cities())
        {
            long head = await HeadAsync(city);
            if (_followers.Any(follower => follower.Last(city).Number != head))
            {
                return false;
            }
        }

        return true;
    }

    private static async Task<bool> IsCopiedAsync(IDatabase redis, short city, ChangeEvent last)
    {
        StreamEntry[] newest = await redis.StreamRangeAsync(RedisChangeStream.KeyOf(city), count: 1, messageOrder: Order.Descending);
        return newest is [var entry] && entry.Id == $"{last.Epoch}-{last.Number}";
    }

    // How many requests are not as the last file says.
    private async Task<IReadOnlyList<string>> ImportedAsync()
    {
        await using NpgsqlCommand command = _scene.Database.CreateCommand(
            $"""
            select count(*)::text from service_request
            where external_id::int <= {ChaosImports.Few} and source_status is distinct from '{_scene.Imports.Status}'
            """);
        return [(string)(await command.ExecuteScalarAsync())!];
    }

    private async Task AssertCommandsAsync()
    {
        var configuration = new Dictionary<string, string?>
        {
            [CityHelperDatabase.ConnectionStringKey] = _scene.Cluster.ConnectionString,
            [RedisConnection.ConnectionStringKey] = _scene.Redis.ConnectionString,
        };
        foreach (string slug in s_slugs)
        {
            CommandRun counters = await CommandRun.OfAsync(configuration, "statistics", "compare", "--city", slug);
            Assert.True(counters.Code == 0, counters.Output + counters.Error);
            CommandRun copy = await CommandRun.OfAsync(configuration, "log", "compare", "--city", slug);
            Assert.True(copy.Code == 0, copy.Output + copy.Error);
        }
    }
}
