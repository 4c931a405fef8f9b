using System.CommandLine;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Documents;
using CityHelper.Server.Operations;
using CityHelper.Server.Schema;
using GraphQL.Types;
using StackExchange.Redis;

namespace CityHelper.Server.Commands;

/// <summary><c>cityhelper operations publish</c></summary>
public static class OperationsPublishCommand
{
    public static Command Create(CommandHost host)
    {
        var folder = new Argument<DirectoryInfo>("folder")
        {
            Description = $"The folder with {OperationManifest.FileName}.",
            DefaultValueFactory = _ => new DirectoryInfo("persisted-queries"),
        };
        var unaudited = new Option<bool>("--unaudited")
        {
            Description = "Publish operations too that have no plan audit.",
        };
        var command = new Command(
            "publish",
            $"Gives the operations of {OperationManifest.FileName} to all servers that share the Redis, while they run. Safe to repeat; a "
                + "text that is published is never replaced.")
        {
            folder,
            unaudited,
        };
        command.SetAction((parsed, cancellation) => host.RunAsync(
            () => RunAsync(host, parsed.GetValue(folder)!, parsed.GetValue(unaudited), cancellation)));
        return command;
    }

    private static async Task<int> RunAsync(CommandHost host, DirectoryInfo folder, bool takesUnaudited, CancellationToken cancellation)
    {
        string path = Path.Combine(folder.FullName, OperationManifest.FileName);
        if (!File.Exists(path))
        {
            throw new CommandException($"There is no {path}: build it with `cityhelper operations build`, or name another folder.");
        }

        CommandHost.RequireReadable([path], Data.Limits.TextFileBytesMax);
        OperationManifest manifest = OperationManifest.Read(path);
        await CheckAsync(manifest, cancellation);
        if (!takesUnaudited)
        {
            CheckAudits(manifest);
        }

        await using ConnectionMultiplexer redis = await host.OpenRedisAsync();
        var publisher = new OperationPublisher(redis);
        int refused = 0;
        foreach (ManifestOperation operation in manifest.Operations)
        {
            cancellation.ThrowIfCancellationRequested();
            Publication outcome = await publisher.PublishAsync(operation);
            await host.Output.WriteLineAsync($"{operation.Id}  {operation.Client}/{operation.Name}  {Word(outcome)}");
            refused += outcome == Publication.OtherText ? 1 : 0;
        }

        return refused == 0 ? 0 : throw new CommandException(
            $"{refused} of {manifest.Operations.Count} operations are refused: Redis holds another text under their id. An id is the "
                + "SHA-256 of its text, so somebody else has written there; servers do not run it. Delete those keys and publish again.");
    }

    // Reports all problems at once, before anything is published.
    private static async Task CheckAsync(OperationManifest manifest, CancellationToken cancellation)
    {
        await using ServiceProvider services = SchemaServices.CreateOffline();
        var compiler = new OperationCompiler(services.GetRequiredService<ISchema>());
        List<string> problems = [];
        foreach (ManifestOperation operation in manifest.Operations)
        {
            CompiledOperation compiled = await compiler.CompileAsync(operation.Body, operationName: null, cancellation);
            problems.AddRange(compiled.Errors.Select(error => $"{operation.Client}/{operation.Name}: {error.Message}"));
        }

        if (problems.Count > 0)
        {
            throw new CommandException($"Nothing is published, because operations do not fit the schema:\n{string.Join('\n', problems)}");
        }
    }

    private static void CheckAudits(OperationManifest manifest)
    {
        string[] unaudited =
            [.. manifest.Operations.Where(operation => operation.Plan is null).Select(operation => $"{operation.Client}/{operation.Name}")];
        if (unaudited.Length > 0)
        {
            throw new CommandException(
                $"Nothing is published, because operations have no plan audit: {string.Join(", ", unaudited)}. Run `cityhelper "
                    + "operations check --update` over the largest city that there is, or publish with --unaudited.");
        }
    }

    private static string Word(Publication outcome) => outcome switch
    {
        Publication.Published => "published",
        Publication.Unchanged => "unchanged",
        _ => "refused",
    };
}
