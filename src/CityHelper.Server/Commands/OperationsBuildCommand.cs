using System.CommandLine;
using CityHelper.Checks.Manifests;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Documents;
using CityHelper.Server.Schema;
using GraphQL.Types;

namespace CityHelper.Server.Commands;

/// <summary><c>cityhelper operations build</c></summary>
public static class OperationsBuildCommand
{
    public static Command Create(CommandHost host)
    {
        var folder = new Argument<DirectoryInfo>("folder")
        {
            Description = "The folder with one folder per client.",
            DefaultValueFactory = _ => new DirectoryInfo("persisted-queries"),
        };
        var command = new Command("build", "Checks <client>/*.graphql against the schema and writes manifest.json beside them.") { folder };
        command.SetAction((parsed, cancellation) => host.RunAsync(() => RunAsync(host, parsed.GetValue(folder)!, cancellation)));
        return command;
    }

    private static async Task<int> RunAsync(CommandHost host, DirectoryInfo folder, CancellationToken cancellation)
    {
        if (!folder.Exists)
        {
            throw new CommandException($"There is no folder {folder.FullName}: name the one that holds a folder per client.");
        }

        string path = Path.Combine(folder.FullName, OperationManifest.FileName);
        IEnumerable<string> texts = Directory.EnumerateFiles(folder.FullName, "*.graphql", SearchOption.AllDirectories);
        CommandHost.RequireReadable(File.Exists(path) ? texts.Append(path) : texts, Data.Limits.TextFileBytesMax);
        await using ServiceProvider services = SchemaServices.CreateOffline();
        var schema = services.GetRequiredService<ISchema>();
        var builder = new ManifestBuilder(new OperationCompiler(schema), schema);
        (OperationManifest manifest, IReadOnlyList<string> problems) = await builder.BuildAsync(folder.FullName, cancellation);
        if (problems.Count > 0)
        {
            throw new CommandException(string.Join('\n', problems));
        }

        await File.WriteAllTextAsync(path, manifest.ToString(), cancellation);
        foreach (ManifestOperation operation in manifest.Operations)
        {
            await host.Output.WriteLineAsync($"{operation.Id}  {operation.Client}/{operation.Name}");
        }

        return 0;
    }
}
