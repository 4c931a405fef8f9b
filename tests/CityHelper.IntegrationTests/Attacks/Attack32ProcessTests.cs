using System.Diagnostics;
using CityHelper.Engine;
using CityHelper.Engine.Clients;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using Xunit;
using Xunit.Abstractions;
using static CityHelper.IntegrationTests.Attacks.SlowReaderFixture;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>
/// Attack 32 against a server in a separate process, on the real clock: its memory, and the cut-off of readers of 430 bytes a second.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class Attack32ProcessTests(SlowReaderFixture fixture, ITestOutputHelper output) : IClassFixture<SlowReaderFixture>
{
    private const int Connections = 60;

    /// <summary>Rows of the largest answer that is kept: 0.96 MB.</summary>
    private const int KeptRows = 16;

    /// <summary>Bytes that each connection reads ten times a second.</summary>
    private const int BytesAtOnce = 43;

    private static readonly TimeSpan s_minute = TimeSpan.FromMinutes(1);

    /// <summary>Kestrel checks once a second, and a busy machine delays it.</summary>
    private static readonly TimeSpan s_cutOffMax = TimeSpan.FromMilliseconds(Limits.ResponseTimeoutMs) + TimeSpan.FromSeconds(15);

    [Fact]
    public async Task Memory_is_bounded_during_the_attack_and_back_after_it()
    {
        await using ServerProcess server = await ServerProcess.StartAsync(fixture.Database, "Production");
        using var client = new HttpClient { BaseAddress = server.Address };
        string target = Persisted("ServiceRequestList", $"{{\"city\":\"nyc\",\"first\":{Rows}}}");
        string kept = Persisted("ServiceRequestList", $"{{\"city\":\"nyc\",\"first\":{KeptRows}}}");
        string cities = Persisted("Cities", null);

        // Warms the server up: code compiled, pools filled.
        for (int i = 0; i < 30; i++)
        {
            await client.GetByteArrayAsync(new Uri((i % 3) switch { 0 => target, 1 => kept, _ => cities }, UriKind.Relative));
        }

        for (int i = 0; i < 2_000; i++)
        {
            await client.GetByteArrayAsync(new Uri(cities, UriKind.Relative));
        }

        long before = ResidentBytes(server);
        var watch = Stopwatch.StartNew();
        long peak = 0;
        Task<int>[] readers =
        [
            .. Enumerable.Range(0, Connections).Select(i => i % 2 == 0
                ? ReadSlowlyAsync(server.Address, target, Rows)
                : ReadSlowlyAsync(server.Address, kept, KeptRows)),
        ];
        await using Http2Connection streams = await OpenStreamsAsync(server.Http2, target);
        Task<int[]> all = Task.WhenAll(readers);
        while (await Task.WhenAny(all, Task.Delay(100)) != all)
        {
            peak = Math.Max(peak, ResidentBytes(server));
            Assert.Contains("\"nyc\"", await client.GetStringAsync(new Uri(cities, UriKind.Relative)), StringComparison.Ordinal);
            Assert.True(watch.Elapsed < s_cutOffMax, $"Readers are not cut off after {watch.Elapsed}.");
        }

        int[] statuses = await all;
        TimeSpan readersLasted = watch.Elapsed;
        Assert.Contains(200, statuses);
        Assert.InRange(readersLasted, TimeSpan.Zero, TimeSpan.FromMilliseconds(Limits.ResponseTimeoutMs));

        // The limit on total time would end these too; Attack32SlowReaderTests covers it with a fake clock.
        await streams.DisposeAsync();

        watch.Restart();
        long after = ResidentBytes(server);
        while (after > before * 1.2 && watch.Elapsed < s_minute)
        {
            await Task.Delay(500);
            await client.GetStringAsync(new Uri(cities, UriKind.Relative));
            after = ResidentBytes(server);
        }

        output.WriteLine(
            $"resident: {before >> 20} MB before, {peak >> 20} MB at most, {after >> 20} MB after {watch.Elapsed.TotalSeconds:0} s; "
                + $"{statuses.Count(s => s == 200)} answers of {Connections}, ended by the rate after {readersLasted.TotalSeconds:0} s");
        Assert.InRange(peak, 0, before + Limits.ResponseMemoryBytes + OtherBytesMax);
        Assert.InRange(after, 0, (long)(before * 1.2));
    }

    /// <summary>
    /// The attack's memory beside the responses: rows read from the database, connections, and garbage not yet collected.
    /// </summary>
    private const long OtherBytesMax = 192L << 20;

    // Resident memory, as an operator sees it.
    private static long ResidentBytes(ServerProcess server) => ProcessMemory.ResidentBytes(server.Id)!.Value;

    private static async Task<int> ReadSlowlyAsync(Uri server, string target, int rows)
    {
        using SlowConnection reader = await SlowConnection.GetAsync(server, target);
        (int status, _) = await reader.ReadHeadAsync();
        if (status != 200)
        {
            return status;
        }

        // Ten times a second, until the connection ends.
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while ((await reader.ReadBodyAsync(BytesAtOnce)).Length == BytesAtOnce)
        {
            await timer.WaitForNextTickAsync();
        }

        Assert.InRange(reader.BodyBytes, 0, (long)rows * TitleBytes - 1);
        return status;
    }

    private static async Task<Http2Connection> OpenStreamsAsync(Uri server, string target)
    {
        Http2Connection reader = await Http2Connection.OpenAsync(server, windowBytes: 1);
        for (int i = 0; i < Server.Limits.Http2StreamsMax; i++)
        {
            await reader.GetAsync(target);
        }

        return reader;
    }

    private static string Persisted(string operation, string? variables)
    {
        ManifestOperation published = OperationManifest
            .Read(Repository.PathOf("persisted-queries", OperationManifest.FileName))
            .Operations.Single(o => o.Name == operation);
        return $"/graphql/persisted/{published.Id}/{operation}{(variables is null ? "" : $"?variables={Uri.EscapeDataString(variables)}")}";
    }
}
