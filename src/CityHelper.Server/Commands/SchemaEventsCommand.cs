using System.CommandLine;
using CityHelper.Server.Changes;

namespace CityHelper.Server.Commands;

/// <summary><c>cityhelper schema events</c></summary>
public static class SchemaEventsCommand
{
    public static Command Create(CommandHost host)
    {
        var output = new Option<FileInfo>("--output") { Description = "The file to write; without it the document is printed." };
        var command = new Command(
            "events", "Writes what is in Redis for other services as AsyncAPI 3.0, as checked in as schema/asyncapi.json.") { output };
        command.SetAction((parsed, cancellation) => host.RunAsync(() => RunAsync(host, parsed.GetValue(output), cancellation)));
        return command;
    }

    private static async Task<int> RunAsync(CommandHost host, FileInfo? output, CancellationToken cancellation)
    {
        string text = EventsDocument.Write();
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
