using System.Diagnostics;

namespace CityHelper.IntegrationTests.Serving;

/// <summary>The scripts of <c>tests/clients</c>. What they need (node, npm packages, Chromium) <c>eng/test</c> installs.</summary>
internal static class NodeScript
{
    /// <summary>Ten times what the longest takes on a busy machine: a loop that never ends must not hold the suite.</summary>
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(5);

    /// <summary>Runs a script to its end.</summary>
    /// <param name="name">The file's name.</param>
    /// <param name="arguments">What it is given.</param>
    /// <returns>What it printed.</returns>
    /// <exception cref="InvalidOperationException">It did not end with 0, or not within five minutes; the message holds all it
    /// said.</exception>
    public static async Task<string> RunAsync(string name, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo("node", [Repository.PathOf("tests", "clients", name), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> said = process.StandardError.ReadToEndAsync();
        Task<string> printed = process.StandardOutput.ReadToEndAsync();
        using (var tooLong = new CancellationTokenSource(s_longest))
        {
            using CancellationTokenRegistration ending = tooLong.Token.Register(() => process.Kill(entireProcessTree: true));
            await process.WaitForExitAsync();
        }

        string output = await printed;
        return process.ExitCode == 0
            ? output
            : throw new InvalidOperationException($"{name} ended with {process.ExitCode}:\n{output}\n{await said}\nWas it run by eng/test, which installs what it needs?");
    }
}
