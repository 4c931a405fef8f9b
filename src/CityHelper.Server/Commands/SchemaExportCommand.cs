using System.CommandLine;
using CityHelper.Engine.Schema;
using CityHelper.Server.Schema;
using GraphQL.Types;

namespace CityHelper.Server.Commands;

/// <summary><c>cityhelper schema export</c></summary>
public static class SchemaExportCommand
{
    public static Command Create(CommandHost host)
    {
        var output = new Option<FileInfo>("--output") { Description = "The file to write; without it the schema is printed." };
        var command = new Command("export", "Writes the GraphQL schema as SDL, as checked in as schema/schema.graphql.") { output };
        command.SetAction((parsed, cancellation) => host.RunAsync(() => RunAsync(host, parsed.GetValue(output), cancellation)));
        return command;
    }

    private static async Task<int> RunAsync(CommandHost host, FileInfo? output, CancellationToken cancellation)
    {
        await using ServiceProvider services = SchemaServices.CreateOffline();
        string text = SchemaText.Of(services.GetRequiredService<ISchema>());
        if (output is null)
        {
            await host.Output.WriteAsync(text);
        }
        else
        {
            await File.WriteAllTextAsync(output.FullName, text, cancellation);
        }

        return 0;
    }
}
