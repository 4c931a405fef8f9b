using System.CommandLine;
using CityHelper.Engine.Clients;
using CityHelper.Server.Operations;
using CityHelper.Server.Redis;
using StackExchange.Redis;

namespace CityHelper.Server.Commands;

/// <summary><c>cityhelper operations list --client web</c></summary>
public static class OperationsListCommand
{
    public static Command Create(CommandHost host)
    {
        var client = new Option<string?>("--client") { Description = "Only this client's operations." };
        var command = new Command(
            "list",
            "Prints the operations that servers answer, and where they have them from: the file that they load "
                + $"({ServerApplication.OperationsKey}), Redis, or both.")
        {
            client,
        };
        command.SetAction((parsed, cancellation) => host.RunAsync(() => RunAsync(host, parsed.GetValue(client), cancellation)));
        return command;
    }

    private static async Task<int> RunAsync(CommandHost host, string? client, CancellationToken cancellation)
    {
        string manifest = ServerApplication.ManifestPathOf(host.Configuration);
        CommandHost.RequireReadable([manifest], Data.Limits.TextFileBytesMax);
        HashSet<PublishedOperation> inFile = [.. OperationManifest.Read(manifest).Operations
            .Select(operation => new PublishedOperation(operation.Id, operation.Client, operation.Name))];
        HashSet<PublishedOperation> inRedis = await InRedisAsync(host, cancellation);
        IEnumerable<PublishedOperation> shown = inFile.Union(inRedis)
            .Where(operation => client is null || operation.Client == client)
            .OrderBy(operation => operation.Client, StringComparer.Ordinal)
            .ThenBy(operation => operation.Name, StringComparer.Ordinal)
            .ThenBy(operation => operation.Id, StringComparer.Ordinal);
        foreach (PublishedOperation operation in shown)
        {
            string where = !inRedis.Contains(operation) ? "file" : inFile.Contains(operation) ? "both" : "redis";
            string name = operation.Client.Length == 0 ? "(without a name)" : $"{operation.Client}/{operation.Name}";
            await host.Output.WriteLineAsync($"{operation.Id}  {name}  {where}");
        }

        return 0;
    }

    private static async Task<HashSet<PublishedOperation>> InRedisAsync(CommandHost host, CancellationToken cancellation)
    {
        if (!host.HasRedis)
        {
            await host.Error.WriteLineAsync(
                $"No Redis is configured ({RedisConnection.ConnectionStringKey}): these are the operations of the file alone.");
            return [];
        }

        await using ConnectionMultiplexer redis = await host.OpenRedisAsync();
        PublishedOperations published = await new OperationPublisher(redis).ListAsync(cancellation);
        foreach (string id in published.Tampered)
        {
            await host.Error.WriteLineAsync($"Redis holds another text under {id}: servers do not run it. Delete the key.");
        }

        return [.. published.Operations];
    }
}
