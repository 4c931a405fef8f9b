using System.CommandLine;
using CityHelper.Engine.Operations;
using CityHelper.Server.Schema;
using GraphQL.Types;

namespace CityHelper.Server.Commands;

/// <summary><c>operations build</c>: the operations of the clients' folders become the manifest that the server loads.</summary>
internal static class OperationsCommand
{
    public static Command Create()
    {
        var folder = new Argument<DirectoryInfo>("folder")
        {
            Description = "The folder with one folder per client.",
            DefaultValueFactory = _ => new DirectoryInfo("persisted-queries"),
        };
        var build = new Command("build", "Checks <client>/*.graphql against the schema and writes manifest.json beside them.") { folder };
        build.SetAction((parsed, cancellation) => BuildAsync(parsed.GetValue(folder)!, cancellation));
        return new Command("operations", "Persisted operations.") { build };
    }

    private static async Task<int> BuildAsync(DirectoryInfo folder, CancellationToken cancellation)
    {
        if (!folder.Exists)
        {
            await Console.Error.WriteLineAsync($"There is no folder {folder.FullName}: name the one that holds a folder per client.");
            return 1;
        }

        await using ServiceProvider services = SchemaServices.CreateOffline();
        var builder = new ManifestBuilder(new OperationCompiler(services.GetRequiredService<ISchema>()));
        (OperationManifest manifest, IReadOnlyList<string> problems) = await builder.BuildAsync(folder.FullName, cancellation);
        if (problems.Count > 0)
        {
            await Console.Error.WriteLineAsync(string.Join('\n', problems));
            return 1;
        }

        await File.WriteAllTextAsync(Path.Combine(folder.FullName, OperationManifest.FileName), manifest.ToString(), cancellation);
        foreach (ManifestOperation operation in manifest.Operations)
        {
            await Console.Out.WriteLineAsync($"{operation.Id}  {operation.Client}/{operation.Name}");
        }

        return 0;
    }
}
