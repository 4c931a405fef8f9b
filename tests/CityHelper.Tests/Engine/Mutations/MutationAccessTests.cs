using System.Text;
using System.Text.Json;
using CityHelper.Engine;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Transport.Http;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace CityHelper.Tests.Engine.Mutations;

/// <summary>A client sends the mutations that it has the access for, on whichever route.</summary>
public sealed class MutationAccessTests : IDisposable
{
    private const string Change = "mutation Change { changeRow(input: {id: 1, status: OPEN}) { cursor errors { __typename } } }";
    private const string Add = "mutation Add { addRow(input: {title: \"a\"}) { cursor } }";
    private static readonly string s_refused =
        """
        {"errors":[{"message":"The current user is not authorized to access this resource.",
        "extensions":{"code":"AUTH_NOT_AUTHORIZED"}}]}
        """.ReplaceLineEndings("");

    private readonly MutationFixture _engine = new();

    public void Dispose() => _engine.Dispose();

    [Theory]
    [InlineData(Change, WriteAccess.None, false)]
    [InlineData(Change, WriteAccess.Report, false)]
    [InlineData(Change, WriteAccess.All, true)]
    [InlineData(Add, WriteAccess.None, false)]
    [InlineData(Add, WriteAccess.Report, true)]
    [InlineData(Add, WriteAccess.All, true)]
    public async Task Access_decides_on_every_route(string text, WriteAccess writes, bool isAllowed)
    {
        await PublishAsync(text);
        _engine.Client = _engine.Client with { Writes = writes };
        string id = OperationCompiler.IdOf(text);
        foreach ((string body, string? route) in new (string, string?)[]
        {
            (Json(new { query = text }), null),
            (Json(new { id }), null),
            (Json(new { extensions = new { persistedQuery = new { version = 1, sha256Hash = id } } }), null),
            (Json(new { query = text, extensions = new { persistedQuery = new { version = 1, sha256Hash = id } } }), null),
            ("{}", id),
        })
        {
            (int status, string answer, string cache) = await SendAsync(body, route);
            Assert.Equal("no-store", cache);
            if (isAllowed)
            {
                Assert.Equal(200, status);
                Assert.StartsWith("""{"data":{""", answer, StringComparison.Ordinal);
            }
            else
            {
                Assert.Equal((400, s_refused), (status, answer));
            }
        }

        Assert.Equal(isAllowed ? 5 : 0, _engine.Mutations.Change.Calls.Count + _engine.Mutations.Add.Calls.Count);
    }

    [Fact]
    public async Task The_handler_learns_the_client()
    {
        await SendAsync(Json(new { query = Add }), id: null);
        Assert.Equal("tests", Assert.Single(_engine.Mutations.Add.Calls).Caller.Client);
    }

    /// <summary>A mode that is only logged gives no access, and a client without it may not even store the text.</summary>
    [Fact]
    public async Task A_mutation_without_access_is_not_registered()
    {
        _engine.Client = new ClientProfile("tests", ClientMode.Registration) { LogOnly = true };
        string hash = OperationCompiler.IdOf(Add);
        string body = Json(new { query = Add, extensions = new { persistedQuery = new { version = 1, sha256Hash = hash } } });
        Assert.Equal(s_refused, (await SendAsync(body, id: null)).Answer);
        string again = Json(new { extensions = new { persistedQuery = new { version = 1, sha256Hash = hash } } });
        Assert.Contains("PersistedQueryNotFound", (await SendAsync(again, id: null)).Answer, StringComparison.Ordinal);
    }

    /// <summary>Whatever it would cost: a client learns nothing of mutations that it may not send.</summary>
    [Fact]
    public async Task Access_is_checked_before_the_cost()
    {
        _engine.Client = _engine.Client with { Writes = WriteAccess.None, CostLimit = new(0, 0) };
        Assert.Equal(s_refused, (await SendAsync(Json(new { query = Add }), id: null)).Answer);
        _engine.Client = _engine.Client with { Writes = WriteAccess.All };
        Assert.Contains("HC0047", (await SendAsync(Json(new { query = Add }), id: null)).Answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_batch_has_the_access_of_its_client()
    {
        _engine.Client = _engine.Client with { Writes = WriteAccess.Report };
        (_, string answer, _) = await SendAsync(Json(new object[] { new { query = Change }, new { query = Add } }), id: null);
        Assert.Equal($"[{s_refused},{{\"data\":{{\"addRow\":{{\"cursor\":null}}}}}}]", answer);
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("HEAD")]
    public async Task Methods_that_only_read_send_no_mutation(string method)
    {
        (int status, _, string cache) = await SendAsync("", id: null, method, $"?query={Uri.EscapeDataString(Add)}");
        Assert.Equal((405, "no-store"), (status, cache));
        Assert.Empty(_engine.Mutations.Add.Calls);
    }

    private static string Json<T>(T body) => JsonSerializer.Serialize(body);

    private async Task PublishAsync(string text)
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            string path = Path.Combine(folder, OperationManifest.FileName);
            await File.WriteAllTextAsync(path, OperationManifest.Of(
                [new ManifestOperation(OperationCompiler.IdOf(text), text.Split(' ')[1], "mutation", "tests", default, "no-store", text)])
                .ToString());
            await _engine.Get<OperationRegistry>().LoadAsync(path, CancellationToken.None);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task<(int Status, string Answer, string Cache)> SendAsync(
        string body, string? id, string method = "POST", string query = "")
    {
        using var answer = new MemoryStream();
        var http = new DefaultHttpContext();
        http.Request.Method = method;
        http.Request.Host = new HostString("localhost");
        http.Request.Path = "/graphql";
        http.Request.QueryString = new QueryString(query);
        http.Request.ContentType = "application/json";
        http.Request.Body = new MemoryStream(Encoding.UTF8.GetBytes(body));
        http.Request.Headers.Accept = "application/graphql-response+json";
        http.Response.Body = answer;
        if (id is not null)
        {
            http.Request.RouteValues[RequestReader.IdRouteValue] = id;
        }

        await _engine.Get<GraphQLHttpHandler>().HandleAsync(http);
        return (http.Response.StatusCode, Encoding.UTF8.GetString(answer.ToArray()), http.Response.Headers.CacheControl.ToString());
    }
}
