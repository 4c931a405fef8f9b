using Xunit;

namespace CityHelper.IntegrationTests.Redis;

/// <summary>A real Redis that lives as long as the tests and starts when the first test needs it.</summary>
public sealed class RedisFixture : IAsyncLifetime
{
    // As many as eng/redis --ephemeral makes.
    private const int DatabasesMax = 256;

    private RedisInstance? _instance;
    private int _databases;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_instance is not null)
        {
            await _instance.DisposeAsync();
        }
    }

    /// <summary>An empty database that no other test uses.</summary>
    /// <returns>Its connection string.</returns>
    public async Task<string> CreateDatabaseAsync()
    {
        // The tests of a collection run one after another.
        _instance ??= await RedisInstance.StartAsync("--ephemeral");
        Assert.InRange(_databases, 0, DatabasesMax - 1);
        return $"{_instance.ConnectionString},defaultDatabase={_databases++}";
    }
}
