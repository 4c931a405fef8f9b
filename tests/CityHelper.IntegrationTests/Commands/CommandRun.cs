using CityHelper.Server.Commands;
using Microsoft.Extensions.Configuration;

namespace CityHelper.IntegrationTests.Commands;

/// <summary>A command's output and exit code.</summary>
/// <param name="Code">The exit code.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Error">Standard error.</param>
internal sealed record CommandRun(int Code, string Output, string Error)
{
    /// <summary>Runs a command in this process.</summary>
    /// <param name="configuration">All of its configuration.</param>
    /// <param name="arguments">The command line.</param>
    public static Task<CommandRun> OfAsync(IEnumerable<KeyValuePair<string, string?>> configuration, params string[] arguments) =>
        OfAsync(configuration, TimeProvider.System, arguments);

    /// <summary>Runs a command in this process, with its own clock.</summary>
    public static async Task<CommandRun> OfAsync(
        IEnumerable<KeyValuePair<string, string?>> configuration, TimeProvider time, params string[] arguments)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var host = new CommandHost
        {
            Configuration = new ConfigurationBuilder().AddInMemoryCollection(configuration).Build(),
            Time = time,
            Output = output,
            Error = error,
        };
        return new CommandRun(await CommandLine.RunAsync(arguments, host), output.ToString(), error.ToString());
    }
}
