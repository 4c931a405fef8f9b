using System.CommandLine;
using CityHelper.Server.Schema;
using GraphQL.Types;

namespace CityHelper.Server.Commands;

/// <summary><c>schema export</c>: the GraphQL schema as SDL.</summary>
internal static class SchemaCommand
{
    public static Command Create()
    {
        var output = new Option<FileInfo>("--output") { Description = "The file to write; without it the schema is printed." };
        var export = new Command("export", "Writes the GraphQL schema as SDL.") { output };
        export.SetAction((parsed, cancellation) => RunAsync(parsed.GetValue(output), cancellation));
        return new Command("schema", "The GraphQL schema.") { export };
    }

    private static async Task<int> RunAsync(FileInfo? output, CancellationToken cancellation)
    {
        await using ServiceProvider services = SchemaServices.CreateOffline();
        string text = SchemaText.Of(services.GetRequiredService<ISchema>());
        if (output is null)
        {
            await Console.Out.WriteAsync(text);
        }
        else
        {
            await File.WriteAllTextAsync(output.FullName, text, cancellation);
        }

        return 0;
    }
}
