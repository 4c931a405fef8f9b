using System.Diagnostics;
using System.Globalization;
using CityHelper.IntegrationTests.Chaos;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Redis;
using CityHelper.IntegrationTests.Serving;
using CityHelper.Server.Configuration;
using Npgsql;
using Xunit;
using Xunit.Abstractions;

namespace CityHelper.IntegrationTests.Caching;

/// <summary>
/// Two servers that read from a standby, 50 changes a second, readers at both: no answer is staler than docs/caching.md promises, whatever
/// is killed: a server, Redis, the standby, the primary. While servers do not reach the primary, and others do, answers stay for 30
/// seconds and say how old they may be; then the database is read.
/// </summary>
/// <remarks>
/// In the suite once through all faults, a bit over a minute, half of it for those 30 seconds. By hand:
/// <c>CITYHELPER_STALENESS_SECONDS=600</c> goes on that long. What is measured, and with which tolerance:
/// <see cref="StalenessPhase"/>.
/// </remarks>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Reliability", "CA1001", Justification = "xunit calls DisposeAsync.")]
public sealed class StalenessTests(ITestOutputHelper output) : IAsyncLifetime
{
    private static readonly TimeSpan s_exact = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_rows = TimeSpan.FromSeconds(7);
    private static readonly TimeSpan s_logStopped = TimeSpan.FromSeconds(30);

    // How long each fault lasts, and how long it is looked at after it.
    private static readonly TimeSpan s_fault = TimeSpan.FromSeconds(3);

    private readonly Stopwatch _time = Stopwatch.StartNew();
    private RedisInstance _redis = null!;
    private ChaosCluster _cluster = null!;
    private ChaosCluster.Standby _standby = null!;
    private StallingProxy _proxy = null!;
    private ChaosServers _servers = null!;
    private StalenessWriter _writer = null!;
    private StalenessReaders _readers = null!;

    private static double Seconds =>
        double.Parse(Environment.GetEnvironmentVariable("CITYHELPER_STALENESS_SECONDS") ?? "0", CultureInfo.InvariantCulture);

    public async Task InitializeAsync()
    {
        _redis = await RedisInstance.StartAsync();
        _cluster = await ChaosCluster.StartAsync();
        await ReadingFixture.FillAsync(_cluster.ConnectionString);
        _standby = await _cluster.AddStandbyAsync();
        var primary = new NpgsqlConnectionStringBuilder(_cluster.ConnectionString);
        _proxy = StallingProxy.Before(primary.Host!, primary.Port);

        // Npgsql's time for a dead host: as short as it can be, so that the standby is read from again after its restart.
        var replicas = new NpgsqlConnectionStringBuilder(_cluster.ConnectionString) { Host = _standby.Address, HostRecheckSeconds = 1 };
        _servers = await ChaosServers.StartAsync(
            new NpgsqlConnectionStringBuilder(_cluster.ConnectionString) { Port = _proxy.Port }.ConnectionString,
            _redis.ConnectionString,
            new Dictionary<string, string>
            {
                [DatabaseSettings.ReplicasKey] = replicas.ConnectionString,

                // A refusal for load tells nothing about staleness.
                ["Clients__default__Mode"] = "PersistedOnly",
                ["Clients__default__CheapAtOnce"] = "10",
                ["Clients__default__DearAtOnce"] = "3",
            });
        _writer = new StalenessWriter(_cluster.ConnectionString, seed: 1);
        _readers = new StalenessReaders(_servers);
    }

    public async Task DisposeAsync()
    {
        _readers?.Dispose();
        _writer?.Dispose();
        await (_servers?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_proxy?.DisposeAsync() ?? ValueTask.CompletedTask);
        await _cluster.DisposeAsync();
        await _redis.DisposeAsync();
    }

    [Fact]
    public async Task No_answer_is_staler_than_promised_whatever_is_killed()
    {
        _writer.Start();
        _readers.Start();
        await BothAnswerAsync();
        _readers.Take();
        (double start, int before) = (_time.Elapsed.TotalSeconds, _writer.Confirmed);
        output.WriteLine(StalenessPhase.Header);
        List<StalenessPhase> running = [];
        List<StalenessPhase> stopped = [];
        do
        {
            running.Add(await PhaseAsync("all well", LookAsync));
            running.Add(await PhaseAsync("server killed", KillServerAsync));
            running.Add(await PhaseAsync("Redis killed", KillRedisAsync));
            running.Add(await PhaseAsync("standby held back", HoldBackAsync));
            running.Add(await PhaseAsync("standby killed", KillStandbyAsync));
            stopped.Add(await PhaseAsync("primary killed", KillPrimaryAsync));
            stopped.Add(await StopLogAsync());
        }
        while (_time.Elapsed.TotalSeconds - start < Seconds);

        double rate = (_writer.Confirmed - before) / (_time.Elapsed.TotalSeconds - start);
        await _readers.StopAsync();
        await _writer.StopAsync();
        output.WriteLine($"{rate:0} changes/s, {_time.Elapsed.TotalSeconds:0} s, loadavg {await File.ReadAllTextAsync("/proc/loadavg")}");
        Assert.All(running, AssertRunning);
        Assert.All(stopped, AssertStopped);
    }

    // While the log is followed. An answer that admits an age says that the log is late, as it may be on a busy machine.
    private static void AssertRunning(StalenessPhase phase)
    {
        Assert.True(phase.Hits > 0 && phase.NotModified > 0, $"{phase.Name}: nothing came from the store");
        Assert.True(phase.Stalest(isOfRows: false, hasAge: false).WhenAsked <= s_exact, $"{phase.Name}: {phase.Stalest(false, false)}");
        Assert.True(phase.Stalest(isOfRows: true).WhenAsked <= s_rows, $"{phase.Name}: {phase.Stalest(true)}");
        Assert.True(phase.LeastHonest().NotAdmitted <= s_exact, $"{phase.Name}: {phase.LeastHonest()}");
        Assert.True(phase.WithAge <= phase.Answers / 10, $"{phase.Name}: {phase.WithAge} answers admit an age");
    }

    // While nobody proves that nothing is missing.
    private static void AssertStopped(StalenessPhase phase)
    {
        Assert.True(phase.Stalest(isOfRows: false).WhenAsked <= s_logStopped, $"{phase.Name}: {phase.Stalest(false)}");
        Assert.True(phase.Stalest(isOfRows: true).WhenAsked <= s_logStopped, $"{phase.Name}: {phase.Stalest(true)}");
        Assert.True(phase.LeastHonest().NotAdmitted <= s_exact, $"{phase.Name}: {phase.LeastHonest()}");
    }

    private async Task<StalenessPhase> PhaseAsync(string name, Func<Task> fault)
    {
        await fault();
        await BothAnswerAsync();
        var phase = StalenessPhase.Of(name, _readers.Take(), _writer);
        output.WriteLine(phase.ToString());
        return phase;
    }

    private static Task LookAsync() => Task.Delay(s_fault);

    private async Task KillServerAsync()
    {
        int server = _writer.Confirmed % _servers.Count;
        await _servers.KillAsync(server);
        await LookAsync();
        await _servers.StartAgainAsync(server);
        await LookAsync();
    }

    private async Task KillRedisAsync()
    {
        await _redis.KillAsync();
        await LookAsync();
        await _redis.StartAgainAsync();
        await LookAsync();
    }

    private async Task HoldBackAsync()
    {
        await _standby.HoldBackAsync();
        await LookAsync();
        await _standby.CatchUpAsync();
        await LookAsync();
    }

    private async Task KillStandbyAsync()
    {
        _standby.Kill();
        await LookAsync();
        await _standby.StartAgainAsync();
        await LookAsync();
    }

    private async Task KillPrimaryAsync()
    {
        await _cluster.KillAsync();
        await LookAsync();
        await _cluster.StartAgainAsync();
        await LookAsync();
    }

    // Changes are committed all the same. The standby, which has them, can still be read.
    private async Task<StalenessPhase> StopLogAsync()
    {
        long since = 0;
        return await PhaseAsync("log stopped", async () =>
        {
            _proxy.Stall();
            since = Stopwatch.GetTimestamp();
            await Task.Delay(s_logStopped + s_fault);
            StalenessReaders.Reading[] hits = [.. _readers.Peek().Where(reading => reading.IsHit && reading.Sent > since)];
            StalenessReaders.Reading[] late = [.. _readers.Peek().Where(r => Stopwatch.GetElapsedTime(since, r.Sent) > s_logStopped)];
            _proxy.Pass();

            // Almost to the end they stay, and then the database is asked, whether it answers or not.
            Assert.InRange(hits.Max(hit => hit.AgeSeconds), s_logStopped.TotalSeconds - s_fault.TotalSeconds, s_logStopped.TotalSeconds);
            Assert.NotEmpty(late);
            Assert.Equal(0, late.Count(reading => reading.IsHit));
        });
    }

    /// <summary>
    /// Waits until both servers have answered a question of each kind, asked from now on, from the store and without an age of the log.
    /// </summary>
    private Task BothAnswerAsync()
    {
        long now = Stopwatch.GetTimestamp();
        return Patience.UntilAsync(() =>
        {
            StalenessReaders.Reading[] fresh =
                [.. _readers.Peek().Where(r => r is { IsHit: true, Shown: not null, AgeSeconds: < 6 } && r.Sent >= now)];
            return Enumerable.Range(0, _servers.Count).All(server =>
                fresh.Any(r => r.Server == server && r is { Question.IsOfRows: false, AgeSeconds: 0 })
                && fresh.Any(r => r.Server == server && r.Question.IsOfRows))
                ? fresh
                : null;
        });
    }
}
