using CityHelper.Engine.Clients;
using CityHelper.Engine.Documents;
using CityHelper.IntegrationTests.Commands;
using CityHelper.Server;
using CityHelper.Server.Redis;
using Xunit;

namespace CityHelper.IntegrationTests.Redis;

/// <summary>A folder with a manifest, as a client's build leaves it, and the commands over it.</summary>
internal sealed class OperationsFolder : IDisposable
{
    private readonly string? _redis;

    /// <param name="redis">The connection string for the commands; none when null.</param>
    /// <param name="operations">The content of the manifest.</param>
    public OperationsFolder(string? redis, params IEnumerable<ManifestOperation> operations)
    {
        _redis = redis;
        File.WriteAllText(System.IO.Path.Combine(Path, OperationManifest.FileName), OperationManifest.Of(operations).ToString());
    }

    public string Path { get; } = Directory.CreateTempSubdirectory("cityhelper-operations-").FullName;

    /// <summary>An operation that succeeds on an empty database.</summary>
    public static ManifestOperation Operation(string name, string client = "web") =>
        Of(client, name, $"query {name} {{ cities {{ slug }} }}");

    public static ManifestOperation Of(string client, string name, string text) =>
        new(OperationCompiler.IdOf(text), name, "query", client, new Engine.Cost.CostMetrics(1, 1), "no-store", text)
        {
            Plan = "looked at",
        };

    public Task<CommandRun> PublishAsync(params string[] options) => RunAsync(["operations", "publish", Path, .. options]);

    public Task<CommandRun> ListAsync(params string[] options) => RunAsync(["operations", "list", .. options]);

    public Task<CommandRun> DiffAsync(string old, string now) => RunAsync("schema", "diff", old, now, "--operations", Path);

    /// <summary>Publishes valid operations.</summary>
    public static async Task PublishAsync(string redis, params IEnumerable<ManifestOperation> operations)
    {
        using var folder = new OperationsFolder(redis, operations);
        CommandRun published = await folder.PublishAsync();
        Assert.Equal((0, ""), (published.Code, published.Error));
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);

    private Task<CommandRun> RunAsync(params string[] arguments) =>
        CommandRun.OfAsync(
            new Dictionary<string, string?> { [RedisConnection.ConnectionStringKey] = _redis, [ServerApplication.OperationsKey] = Path },
            arguments);
}
