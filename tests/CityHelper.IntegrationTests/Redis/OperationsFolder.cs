using CityHelper.Engine.Clients;
using CityHelper.Engine.Documents;
using CityHelper.IntegrationTests.Commands;
using CityHelper.Server;
using CityHelper.Server.Redis;
using Xunit;

namespace CityHelper.IntegrationTests.Redis;

/// <summary>A folder with a manifest, as a client's build leaves it, and the verbs over it.</summary>
internal sealed class OperationsFolder : IDisposable
{
    private readonly string? _redis;

    /// <param name="redis">The connection string that the verbs are given; none when null.</param>
    /// <param name="operations">What the manifest holds.</param>
    public OperationsFolder(string? redis, params IEnumerable<ManifestOperation> operations)
    {
        _redis = redis;
        File.WriteAllText(System.IO.Path.Combine(Path, OperationManifest.FileName), OperationManifest.Of(operations).ToString());
    }

    public string Path { get; } = Directory.CreateTempSubdirectory("cityhelper-operations-").FullName;

    /// <summary>An operation that answers on an empty database.</summary>
    public static ManifestOperation Operation(string name, string client = "web") => Of(client, name, $"query {name} {{ cities {{ slug }} }}");

    public static ManifestOperation Of(string client, string name, string text) =>
        new(OperationCompiler.IdOf(text), name, "query", client, new Engine.Cost.Price(1, 1), "no-store", text) { Plan = "looked at" };

    public Task<VerbRun> PublishAsync(params string[] options) => RunAsync(["operations", "publish", Path, .. options]);

    public Task<VerbRun> ListAsync(params string[] options) => RunAsync(["operations", "list", .. options]);

    public Task<VerbRun> DiffAsync(string old, string now) => RunAsync("schema", "diff", old, now, "--operations", Path);

    /// <summary>Publishes operations that nothing is wrong with.</summary>
    public static async Task PublishAsync(string redis, params IEnumerable<ManifestOperation> operations)
    {
        using var folder = new OperationsFolder(redis, operations);
        VerbRun published = await folder.PublishAsync();
        Assert.Equal((0, ""), (published.Code, published.Error));
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);

    private Task<VerbRun> RunAsync(params string[] arguments) => VerbRun.OfAsync(
        new Dictionary<string, string?> { [RedisConnection.ConnectionStringKey] = _redis, [ServerApplication.OperationsKey] = Path }, arguments);
}
