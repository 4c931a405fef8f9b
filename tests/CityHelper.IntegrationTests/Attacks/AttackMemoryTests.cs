using System.Diagnostics;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using Xunit;
using Xunit.Abstractions;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>After one attack of each kind (<see cref="AttackRequests"/>) a server has returned the memory it took.</summary>
[Collection(PostgresCollection.Name)]
public sealed class AttackMemoryTests(PostgresFixture postgres, ITestOutputHelper output)
{
    /// <summary>The server's allowed memory afterwards, as a multiple of the memory before.</summary>
    private const double KeptMax = 1.2;

    /// <summary>
    /// Memory that it keeps, within its limits, for new work: the plans of 200 texts (8 MB), arrays of the runtime's shared pool that held
    /// large geometries (11 MB), and code that the JIT compiled. A second round grows none of them.
    /// </summary>
    private const long KeptBytes = 24 << 20;

    private const int WarmRounds = 20;

    private static readonly AttackRequest[] s_ordinary =
    [
        AttackRequest.Published("list", "200", "ServiceRequestList", new { city = "nyc", first = 50 }, times: 50, atOnce: 4),
        AttackRequest.Published("filters", "200", "CityFilters", new { city = "nyc" }, times: 20, atOnce: 4),
        AttackRequest.Published("cities", "200", "Cities", new { }, times: 50, atOnce: 4),
    ];

    private static readonly TimeSpan s_backAfter = TimeSpan.FromMinutes(1);

    [Theory]
    [InlineData("Production", "PersistedOnly")]
    [InlineData("Development", "FreeText")]
    public async Task Memory_comes_back_within_a_minute(string environment, string mode)
    {
        string database = await AttackFixture.CreateDatabaseAsync(postgres);
        await using ServerProcess server = await ServerProcess.StartAsync(
            database, environment, new Dictionary<string, string>
            {
                ["Clients__default__Mode"] = mode,

                // An operation refused by its cost takes no memory.
                ["Clients__default__MaxFieldCost"] = "1000000",
                ["Clients__default__MaxTypeCost"] = "1000000",
            });
        using var client = new HttpClient { BaseAddress = server.Address, Timeout = TimeSpan.FromMinutes(2) };
        long before = 0;
        for (int round = 1; round <= WarmRounds; round++)
        {
            await ServeAsync(client);
            before = round > WarmRounds / 2 ? Math.Max(before, Memory(server)) : 0;
        }

        // A server in production refuses all text alike, and keeps nothing of it.
        bool isText = mode == "FreeText";
        long most = (long)(before * KeptMax) + (isText ? KeptBytes : 0);
        await AttackAsync(server, client, database, isText, most);
        await AttackAsync(server, client, database, isText, most);
    }

    // At most this many bytes are left.
    private async Task AttackAsync(ServerProcess server, HttpClient client, string database, bool isText, long most)
    {
        List<string> unexpected = [];
        await using (BackendWatch backends = await BackendWatch.StartAsync(database, postgres.IsPrivate))
        {
            foreach (AttackRequest attack in AttackRequests.All)
            {
                unexpected.AddRange(attack.Unexpected(await attack.SendAsync(client)));
            }

            Assert.Empty(await backends.EndAsync());
        }

        if (isText)
        {
            Assert.Equal("", string.Join('\n', unexpected));
        }

        // It goes on serving as before: an idle process collects no garbage.
        long peak = Memory(server);
        long start = Stopwatch.GetTimestamp();
        while (Memory(server) > most && Stopwatch.GetElapsedTime(start) < s_backAfter)
        {
            await ServeAsync(client);
        }

        long left = Memory(server);
        output.WriteLine(
            $"{peak >> 20} MB after the attacks, {left >> 20} MB {Stopwatch.GetElapsedTime(start).TotalSeconds:F0} seconds later; "
                + $"{most >> 20} MB may be");
        Assert.True(left <= most, $"{left >> 20} MB are left.\n{string.Join('\n', server.Lines)}");
    }

    private static long Memory(ServerProcess server) =>
        ProcessMemory.AnonymousBytes(server.Id)
        ?? throw new InvalidOperationException($"The server has ended: {string.Join('\n', server.Lines)}");

    // Ordinary load, so that the heap size before the attack includes it, as the size afterwards does.
    private static async Task ServeAsync(HttpClient client)
    {
        foreach (AttackRequest ordinary in s_ordinary)
        {
            Assert.Empty(ordinary.Unexpected(await ordinary.SendAsync(client)));
        }
    }
}
