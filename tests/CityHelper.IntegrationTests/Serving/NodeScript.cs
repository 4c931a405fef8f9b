using System.Diagnostics;

namespace CityHelper.IntegrationTests.Serving;

/// <summary>The scripts of <c>tests/clients</c>. <c>eng/test</c> installs what they need: node, npm packages, Chromium.</summary>
internal static class NodeScript
{
    /// <summary>
    /// Several times the longest run on a busy machine: an endless loop must not hang the suite. Less than the five minutes of silence
    /// after which <c>eng/test</c> ends the whole run.
    /// </summary>
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(4);

    /// <summary>Runs a script to its end.</summary>
    /// <param name="name">The file's name.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <returns>Its output.</returns>
    /// <exception cref="InvalidOperationException">It did not end with 0, or not within four minutes; the message holds all its
    /// output.</exception>
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
            : throw new InvalidOperationException(
                $"{name} ended with {process.ExitCode}:\n{output}\n{await said}\nWas it run by eng/test, which installs what it needs?");
    }
}
