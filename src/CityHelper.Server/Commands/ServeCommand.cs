using System.CommandLine;

namespace CityHelper.Server.Commands;

/// <summary><c>serve</c>: answers requests until it is stopped.</summary>
internal static class ServeCommand
{
    public static Command Create()
    {
        var urls = new Option<string>("--urls")
        {
            Description = "Where to listen.",
            DefaultValueFactory = _ => "http://localhost:5080",
        };
        var command = new Command("serve", "Serves GraphQL over HTTP until it is stopped.") { urls };
        command.SetAction((parsed, cancellation) => RunAsync(parsed.GetValue(urls)!, cancellation));
        return command;
    }

    private static async Task<int> RunAsync(string urls, CancellationToken cancellation)
    {
        try
        {
            await using WebApplication app = await ServerApplication.BuildAsync(new WebApplicationOptions
            {
                Args = ["--urls", urls],
                ContentRootPath = AppContext.BaseDirectory,
            });
            await app.StartAsync(cancellation);
            await app.WaitForShutdownAsync(cancellation);
            return 0;
        }
        catch (Exception cause) when (cause is ConfigurationException or InvalidDataException or IOException)
        {
            await Console.Error.WriteLineAsync(cause.Message);
            return 1;
        }
    }
}
