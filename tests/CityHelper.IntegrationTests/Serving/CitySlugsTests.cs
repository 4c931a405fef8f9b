using CityHelper.Data;
using CityHelper.Data.Cities;
using CityHelper.Engine.Database;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.Server.Cities;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Serving;

[Collection(PostgresCollection.Name)]
public sealed class CitySlugsTests(PostgresFixture postgres) : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new();
    private NpgsqlDataSource _dataSource = null!;

    public async Task InitializeAsync() => _dataSource = CityHelperDatabase.CreateDataSource(await postgres.CreateDatabaseAsync());

    public async Task DisposeAsync() => await _dataSource.DisposeAsync();

    [Fact]
    public async Task A_city_that_is_added_while_the_server_runs_is_found_after_the_pause()
    {
        var slugs = new CitySlugs(new ReadingDatabase(_dataSource, new BackendRegister(), NullLogger<ReadingDatabase>.Instance), _time);
        Assert.Null(await slugs.FindAsync("springfield", CancellationToken.None));
        await AddAsync("springfield");

        // A flood of unknown slugs causes no flood of statements: the server does not read the list again within a second.
        Assert.Null(await slugs.FindAsync("springfield", CancellationToken.None));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((short)1, await slugs.FindAsync("springfield", CancellationToken.None));

        // The last lookup found its city, so the next one need not wait.
        await AddAsync("shelbyville");
        Assert.Equal((short)2, await slugs.FindAsync("shelbyville", CancellationToken.None));
    }

    [Fact]
    public async Task Many_callers_at_once_all_find_the_city()
    {
        await AddAsync("springfield");
        var slugs = new CitySlugs(new ReadingDatabase(_dataSource, new BackendRegister(), NullLogger<ReadingDatabase>.Instance), _time);
        short?[] found = await Task.WhenAll(
            Enumerable.Range(0, 50).Select(_ => slugs.FindAsync("springfield", CancellationToken.None).AsTask()));
        Assert.All(found, key => Assert.Equal((short)1, key));
    }

    private async Task AddAsync(string slug) =>
        await new CityDirectory(_dataSource, TimeProvider.System).AddAsync(
            new CityFacts(slug, slug, "America/New_York", -74, 40, -73, 41, -73.5, 40.5));
}
