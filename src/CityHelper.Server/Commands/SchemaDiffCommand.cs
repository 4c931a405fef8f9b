using System.CommandLine;
using CityHelper.Checks.Contracts;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Schema;
using CityHelper.Server.Operations;
using CityHelper.Server.Schema;
using GraphQL.Types;
using StackExchange.Redis;

namespace CityHelper.Server.Commands;

/// <summary><c>cityhelper schema diff</c></summary>
public static class SchemaDiffCommand
{
    /// <summary>Stands for the schema of this program instead of a file.</summary>
    private const string Current = "-";

    public static Command Create(CommandHost host)
    {
        var old = new Argument<string>("old") { Description = "The schema before, as SDL: a file, or - for this program's schema." };
        var now = new Argument<string>("new")
        {
            Description = "The schema after.",
            DefaultValueFactory = _ => Current,
        };
        var operations = new Option<DirectoryInfo>("--operations")
        {
            Description = "The folder with the manifest of persisted operations.",
            DefaultValueFactory = _ => new DirectoryInfo("persisted-queries"),
        };
        var command = new Command(
            "diff",
            "Says of every change between two schemas whether it is breaking, dangerous or safe for clients, and which persisted "
                + "operations no longer validate: those of the manifest, and with a Redis those that were published before and may still "
                + "be asked for. Ends with 0 when nothing breaks, with 1 when something does or a file cannot be read.")
        {
            old,
            now,
            operations,
        };
        command.SetAction((parsed, cancellation) => host.RunAsync(
            () => RunAsync(host, parsed.GetValue(old)!, parsed.GetValue(now)!, parsed.GetValue(operations)!, cancellation)));
        return command;
    }

    private static async Task<int> RunAsync(CommandHost host, string old, string now, DirectoryInfo folder, CancellationToken cancellation)
    {
        SchemaDefinitions before = await ReadAsync(old, cancellation);
        SchemaDefinitions after = await ReadAsync(now, cancellation);
        var schema = SchemaOfText.Of(after, now);
        string manifest = Path.Combine(folder.FullName, OperationManifest.FileName);
        CommandHost.RequireReadable([manifest], Data.Limits.TextFileBytesMax);
        IReadOnlyList<ManifestOperation> operations = OperationManifest.Read(manifest).Operations;

        IReadOnlyList<SchemaChange> changes = SchemaComparison.Compare(before, after);
        foreach (SchemaChange change in changes)
        {
            await host.Output.WriteLineAsync($"{Word(change.Risk),-9}  {change.Coordinate} {change.Message} ({change.Code})");
        }

        (string Name, string Text)[] texts =
        [
            .. operations.Select(operation => ($"{operation.Client}/{operation.Name}", operation.Body)),
            .. await PublishedBeforeAsync(host, [.. operations.Select(operation => operation.Id)], cancellation),
        ];
        int broken = 0;
        foreach ((string name, string text) in texts)
        {
            IReadOnlyList<string> messages = await schema.ValidateAsync(text, cancellation);
            broken += messages.Count > 0 ? 1 : 0;
            foreach (string message in messages)
            {
                await host.Output.WriteLineAsync($"invalid    {name}: {message}");
            }
        }

        int breaking = changes.Count(c => c.Risk == ChangeRisk.Breaking);
        await host.Output.WriteLineAsync(
            $"{breaking} breaking, {changes.Count(c => c.Risk == ChangeRisk.Dangerous)} dangerous, "
                + $"{changes.Count(c => c.Risk == ChangeRisk.Safe)} safe; {broken} of {texts.Length} persisted operations do not validate");
        return breaking + broken == 0 ? 0 : 1;
    }

    // An app that was installed a year ago still sends the ids of its release.
    private static async Task<IEnumerable<(string Name, string Text)>> PublishedBeforeAsync(
        CommandHost host, HashSet<string> known, CancellationToken cancellation)
    {
        if (!host.HasRedis)
        {
            return [];
        }

        await using ConnectionMultiplexer redis = await host.OpenRedisAsync();
        PublishedOperations published = await new OperationPublisher(redis).ListAsync(cancellation);
        return published.Operations
            .Where(operation => !known.Contains(operation.Id))
            .Select(operation => (Name: NameOf(operation), Text: published.Texts[operation.Id]))
            .OrderBy(operation => operation.Name, StringComparer.Ordinal);
    }

    private static string NameOf(PublishedOperation operation) => operation.Client.Length == 0
        ? operation.Id
        : $"{operation.Client}/{operation.Name} ({operation.Id[..8]}, published before)";

    private static async Task<SchemaDefinitions> ReadAsync(string file, CancellationToken cancellation)
    {
        if (file != Current)
        {
            return SchemaDefinitions.Parse(await CommandHost.ReadTextAsync(file, cancellation), file);
        }

        await using ServiceProvider services = SchemaServices.CreateOffline();
        return SchemaDefinitions.Parse(SchemaText.Of(services.GetRequiredService<ISchema>()), file);
    }

    private static string Word(ChangeRisk risk) => risk switch
    {
        ChangeRisk.Breaking => "breaking",
        ChangeRisk.Dangerous => "dangerous",
        _ => "safe",
    };
}
