using CityHelper.Engine;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using Xunit;

namespace CityHelper.IntegrationTests.Serving;

/// <summary>A refused request leaves a connection that serves the next one.</summary>
[Collection(PostgresCollection.Name)]
public sealed class ConnectionTests(ReadingFixture fixture) : IClassFixture<ReadingFixture>, IDisposable
{
    private const string Good = """{"query":"{ cities { slug } }"}""";
    private const string Answer = """{"data":{"cities":[{"slug":"nyc"}]}}""";

    /// <summary>Refused requests and their statuses.</summary>
    public static TheoryData<string, int> Refused => new()
    {
        { "no JSON", 400 },
        { "broken gzip", 400 },
        { "no operation", 400 },
        { "accept nothing", 406 },
        { "method", 405 },
        { "too large", 413 },
        { "too large when decompressed", 413 },
        { "content type", 415 },
        { "content encoding", 415 },
    };

    public void Dispose() => Assert.Empty(fixture.Server.Errors);

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task The_next_request_of_the_connection_is_answered(string kind, int status)
    {
        await using RawConnection connection = await RawConnection.OpenAsync(fixture.Server);
        for (int i = 0; i < 3; i++)
        {
            await connection.SendAsync(Bytes(kind));
            Assert.Equal(status, (await connection.ReadAsync()).Status);
            await connection.SendAsync(RawConnection.Post(Good));
            Assert.Equal(Answer, (await connection.ReadAsync()).Body);
        }
    }

    [Fact]
    public async Task Requests_that_are_sent_at_once_are_answered_in_their_order()
    {
        await using RawConnection connection = await RawConnection.OpenAsync(fixture.Server);
        await connection.SendAsync(Refused.SelectMany(r => Bytes((string)r[0]).Concat(RawConnection.Post(Good))).ToArray());
        foreach (object[] refused in Refused)
        {
            Assert.Equal((int)refused[1], (await connection.ReadAsync()).Status);
            Assert.Equal(Answer, (await connection.ReadAsync()).Body);
        }
    }

    [Fact]
    public async Task A_body_that_is_announced_far_too_large_is_refused_unread_and_ends_the_connection()
    {
        await using RawConnection connection = await RawConnection.OpenAsync(fixture.Server);
        await connection.SendAsync(RawConnection.Head(
            "POST /graphql", "Content-Type: application/json", $"Content-Length: {Limits.RefusedBytesMax + 1}"));
        RawAnswer refused = await connection.ReadAsync();
        Assert.Equal(413, refused.Status);
        Assert.Contains("HC0010", refused.Body, StringComparison.Ordinal);
        Assert.Equal("close", refused.Headers["Connection"]);
    }

    [Fact]
    public async Task A_client_that_waits_for_leave_sends_no_body_that_is_refused_anyway()
    {
        await using RawConnection connection = await RawConnection.OpenAsync(fixture.Server);
        await connection.SendAsync(
            RawConnection.Head("POST /graphql", "Content-Type: text/plain", "Content-Length: 100", "Expect: 100-continue"));
        Assert.Equal(415, (await connection.ReadAsync()).Status);
    }

    [Fact]
    public async Task A_client_that_leaves_in_the_middle_of_its_body_is_no_fault_of_the_servers()
    {
        for (int i = 0; i < 10; i++)
        {
            await using RawConnection connection = await RawConnection.OpenAsync(fixture.Server);
            await connection.SendAsync(RawConnection.Post(Good).AsMemory(..^5));
        }

        // Dispose checks for errors; this request comes after the server has finished the ten.
        await fixture.Server.DataAsync("{ cities { slug } }");
    }

    private static byte[] Bytes(string kind) =>
        kind switch
        {
            "no JSON" => RawConnection.Post("{"),
            "broken gzip" => RawConnection.Post("no gzip at all", "Content-Encoding: gzip"),
            "no operation" => RawConnection.Post("{}"),
            "accept nothing" => RawConnection.Post(Good, "Accept: image/png"),
            "method" => RawConnection.Head("DELETE /graphql"),
            "too large" => RawConnection.Post(new string(' ', Limits.RefusedBytesMax - 1)),
            "too large when decompressed" => RawConnection.Post(
                Encoded.With("gzip", new string(' ', 100 * Limits.RequestBytesMax)), "Content-Encoding: gzip"),
            "content type" => RawConnection.Post(Good, "Content-Type: text/plain"),
            "content encoding" => RawConnection.Post(Good, "Content-Encoding: zstd"),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
        };
}
