using System.Diagnostics;

namespace CityHelper.IntegrationTests;

/// <summary>Runs the scripts of <c>eng</c>.</summary>
internal static class EngScript
{
    /// <summary>Runs a script to its end.</summary>
    /// <returns>The last line of its output.</returns>
    /// <exception cref="InvalidOperationException">It failed; the message holds its output.</exception>
    public static async Task<string> RunAsync(string script, params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(Repository.Root, "eng", script), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> said = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? output.TrimEnd().Split('\n')[^1]
            : throw new InvalidOperationException($"eng/{script} {string.Join(' ', arguments)} failed: {await said}");
    }
}
