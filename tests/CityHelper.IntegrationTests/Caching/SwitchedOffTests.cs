using System.Net;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Serving;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Xunit;

namespace CityHelper.IntegrationTests.Caching;

/// <summary>An operator switches the caching of a city off and on while the server runs.</summary>
[Collection(PostgresCollection.Name)]
public sealed class SwitchedOffTests(PostgresFixture postgres) : IAsyncLifetime
{
    private static readonly (string Json, string Told)[] s_mistakes =
    [
        ("""{ "Cache": { "Of": [] } }""", "Cache__Of"), ("""{ "Cache": { "Off": "nyc" } }""", "Cache__Off is one text"),
        ("""{ "Cache": { "Off": ["nyc" } }""", "Failed to load configuration"),
    ];

    private TestServer _server = null!;
    private string _address = "";

    public async Task InitializeAsync()
    {
        _server = await TestServer.StartAsync(await ReadingFixture.DatabaseAsync(postgres));
        await PublishedHitTests.FollowedAsync(_server, RequestRows.City);
        await PublishedHitTests.FollowedAsync(_server, 0);
        _address = _server.PersistedUrl("ServiceRequestList", new { city = "nyc" });
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Caching_of_a_city_ends_and_begins_again_without_a_restart()
    {
        CacheAnswer stored = await AskAsync();
        Assert.Equal(CacheAnswer.Hit, (await AskAsync()).CacheStatus);

        await ConfigureAsync("""{ "Cache": { "Off": ["nyc"] } }""");
        CacheAnswer off = await Patience.UntilAsync(async () => await AskAsync() is { CacheControl: "no-store" } answer ? answer : null);
        Assert.Equal((HttpStatusCode.OK, stored.Body, ""), (off.Status, off.Body, off.CacheStatus));
        Assert.False(off.Headers.ContainsKey("ETag"));
        Assert.False(off.Headers.ContainsKey("Cache-Tag"));

        // What a browser kept is not confirmed, and other answers are kept as before.
        CacheAnswer compared = await CacheAnswer.GetAsync(_server.Client, _address, ("If-None-Match", stored.ETag));
        Assert.Equal((HttpStatusCode.OK, "no-store"), (compared.Status, compared.CacheControl));
        Assert.Equal(CacheAnswer.Stored, (await CacheAnswer.GetAsync(_server.Client, _server.PersistedUrl("Cities"))).CacheStatus);

        // Neither the debug header nor a city beside it makes it cacheable.
        CacheAnswer debugged = await CacheAnswer.GetAsync(_server.Client, _address, ("CityHelper-Debug", "1"));
        Assert.Equal((HttpStatusCode.OK, "no-store"), (debugged.Status, debugged.CacheControl));

        // A mistake in the file is told, changes nothing, and fails nobody's request.
        foreach ((string json, string told) in s_mistakes)
        {
            await ConfigureAsync(json);
            await Patience.UntilAsync(() =>
                _server.Errors.Any(error => error.Contains(told, StringComparison.Ordinal)) ? _server : null);
            CacheAnswer kept = await AskAsync();
            Assert.Equal((HttpStatusCode.OK, stored.Body, "no-store"), (kept.Status, kept.Body, kept.CacheControl));
        }

        // Nor does another file that changes meanwhile: the first has no values until it can be read again.
        await ReloadedAsync(() => ConfigureAsync("""{ "Cache": { "Off": { "1": "springfield" } } }""", ".Development"));
        Assert.Equal("no-store", (await AskAsync()).CacheControl);

        await ConfigureAsync("{}", ".Development");
        await ConfigureAsync("{}");
        CacheAnswer on = await Patience.UntilAsync(async () => await AskAsync() is { CacheStatus: CacheAnswer.Hit } answer ? answer : null);
        Assert.Equal((stored.Body, stored.Caching), (on.Body, on.Caching));
    }

    private async Task ReloadedAsync(Func<Task> change)
    {
        var reloaded = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using IDisposable watching = _server.Services.GetRequiredService<IConfiguration>().GetReloadToken()
            .RegisterChangeCallback(_ => reloaded.TrySetResult(), state: null);
        await change();
        await reloaded.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    private Task<CacheAnswer> AskAsync() => CacheAnswer.GetAsync(_server.Client, _address);

    private Task ConfigureAsync(string json, string environment = "") => File.WriteAllTextAsync(
        Path.Combine(_server.Services.GetRequiredService<IHostEnvironment>().ContentRootPath, $"appsettings{environment}.json"), json);
}
