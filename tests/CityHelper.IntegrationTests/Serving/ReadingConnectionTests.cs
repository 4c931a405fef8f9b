using System.Net;
using System.Net.Sockets;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.Server.Database;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Serving;

/// <summary>What the connections that answer queries may do, whatever the database allows.</summary>
[Collection(PostgresCollection.Name)]
public sealed class ReadingConnectionTests(PostgresFixture postgres)
{
    [Fact]
    public async Task They_refuse_writes_and_a_batch_is_one_snapshot()
    {
        string database = await postgres.CreateDatabaseAsync();
        await using NpgsqlDataSource reading = ReadingConnections.Create(database, 2, NullLoggerFactory.Instance);
        await using NpgsqlCommand write = reading.CreateCommand("delete from city");
        PostgresException refused = await Assert.ThrowsAsync<PostgresException>(() => write.ExecuteNonQueryAsync());
        Assert.Equal(PostgresErrorCodes.ReadOnlySqlTransaction, refused.SqlState);
        await using NpgsqlCommand isolation = reading.CreateCommand("show transaction_isolation");
        Assert.Equal("repeatable read", await isolation.ExecuteScalarAsync());
    }

    /// <summary>Such as on a machine that is paused: then whoever cancels a statement waits for a new connection, too.</summary>
    [Fact]
    public async Task A_database_that_accepts_and_says_nothing_is_given_up_before_a_request_is()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        int port = ((IPEndPoint)silent.LocalEndpoint).Port;
        await using NpgsqlDataSource reading = ReadingConnections.Create(
            $"Host=127.0.0.1;Port={port};Username=nobody;Database=none", 1, NullLoggerFactory.Instance);
        using var request = new CancellationTokenSource(TimeSpan.FromMilliseconds(Engine.Limits.RequestTimeoutMs));
        NpgsqlException cause = await Assert.ThrowsAsync<NpgsqlException>(() => reading.OpenConnectionAsync(request.Token).AsTask());
        Assert.IsType<TimeoutException>(cause.InnerException);
    }
}
