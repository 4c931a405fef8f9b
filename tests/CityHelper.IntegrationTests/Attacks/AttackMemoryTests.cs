using System.Diagnostics;
using System.Text;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using Xunit;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>After one attack of each kind (<see cref="AttackRequests"/>) a server has given back what it took for them.</summary>
[Collection(PostgresCollection.Name)]
public sealed class AttackMemoryTests(PostgresFixture postgres)
{
    /// <summary>What its memory may be, of what it was before.</summary>
    private const double KeptMax = 1.2;

    private static readonly TimeSpan s_backAfter = TimeSpan.FromMinutes(1);

    [Theory]
    [InlineData("Production", "PersistedOnly")]
    [InlineData("Development", "FreeText")]
    public async Task Memory_comes_back_within_a_minute(string environment, string mode)
    {
        string database = await AttackFixture.CreateDatabaseAsync(postgres);
        await using ServerProcess server = await ServerProcess.StartAsync(
            database, environment, new Dictionary<string, string> { ["Clients__default__Mode"] = mode });
        using var client = new HttpClient { BaseAddress = server.Address, Timeout = TimeSpan.FromMinutes(2) };
        for (int i = 0; i < 20; i++)
        {
            await ServeAsync(client, requests: 50);
        }

        long before = Memory(server);
        await using (BackendWatch backends = await BackendWatch.StartAsync(database, postgres.IsPrivate))
        {
            foreach (AttackRequest attack in AttackRequests.All)
            {
                await attack.SendAsync(client);
            }

            Assert.Empty(await backends.EndAsync());
        }

        // It goes on serving: a process that stands still collects no garbage.
        long peak = Memory(server);
        long start = Stopwatch.GetTimestamp();
        while (Memory(server) > before * KeptMax && Stopwatch.GetElapsedTime(start) < s_backAfter)
        {
            await ServeAsync(client, requests: 10);
            await Task.Delay(200);
        }

        Assert.True(
            Memory(server) <= before * KeptMax,
            $"{before >> 20} MB before the attacks, {peak >> 20} MB after them, {Memory(server) >> 20} MB a minute later.\n{string.Join('\n', server.Lines)}");
        await ServeAsync(client, requests: 1);
    }

    private static long Memory(ServerProcess server) => ProcessMemory.AnonymousBytes(server.Id) ?? throw new InvalidOperationException($"The server has ended: {string.Join('\n', server.Lines)}");

    private static async Task ServeAsync(HttpClient client, int requests)
    {
        AttackRequest list = AttackRequest.Published("list", "ServiceRequestList", new { city = "nyc" }, requests, atOnce: 4);
        await list.SendAsync(client);
        using var content = new StringContent("""{"query":"{ cities { slug } }"}""", Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await client.PostAsync(new Uri("/graphql", UriKind.Relative), content);
        Assert.NotEmpty(await response.Content.ReadAsStringAsync());
    }
}
