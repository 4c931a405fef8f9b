using System.CommandLine;

namespace CityHelper.Server.Commands;

/// <summary><c>cityhelper serve</c></summary>
public static class ServeCommand
{
    public static Command Create(CommandHost host)
    {
        var urls = new Option<string>("--urls")
        {
            Description = "Where to listen.",
            DefaultValueFactory = _ => "http://localhost:5080",
        };
        var command = new Command("serve", "Serves GraphQL over HTTP until it is stopped.") { urls };
        command.SetAction((parsed, cancellation) => host.RunAsync(() => RunAsync(parsed.GetValue(urls)!, cancellation)));
        return command;
    }

    private static async Task<int> RunAsync(string urls, CancellationToken cancellation)
    {
        ThreadPool.GetMinThreads(out int workers, out int completions);
        ThreadPool.SetMinThreads(Math.Max(workers, Limits.ThreadsMin), completions);
        await using WebApplication app = await ServerApplication.BuildAsync(new WebApplicationOptions
        {
            Args = ["--urls", urls],
            ContentRootPath = AppContext.BaseDirectory,
        });
        await app.StartAsync(cancellation);
        await app.WaitForShutdownAsync(cancellation);
        return 0;
    }
}
