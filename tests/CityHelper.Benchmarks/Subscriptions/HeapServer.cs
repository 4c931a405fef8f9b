using System.Globalization;
using CityHelper.Server;

namespace CityHelper.Benchmarks.Subscriptions;

/// <summary>
/// The server in a process of its own, as it is, with one path more: it collects all garbage and answers with the bytes of the managed heap.
/// </summary>
internal static class HeapServer
{
    /// <summary>The path that measures the heap.</summary>
    public const string Path = "/benchmark/heap";

    /// <summary>What finalizers release is collected by the next collection, and what pools hold is trimmed by some.</summary>
    private const int Collections = 4;

    /// <summary>Runs the server until it is ended.</summary>
    /// <param name="url">Where it listens.</param>
    public static async Task RunAsync(string url)
    {
        await using WebApplication app = await ServerApplication.BuildAsync(new WebApplicationOptions { Args = ["--urls", url] });
        app.MapGet(Path, () => Measure().ToString(CultureInfo.InvariantCulture));
        await app.RunAsync();
    }

    private static long Measure()
    {
        for (int i = 0; i < Collections; i++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        return GC.GetTotalMemory(forceFullCollection: false);
    }
}
