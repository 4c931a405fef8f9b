using System.Globalization;
using CityHelper.Server;

namespace CityHelper.Benchmarks.Subscriptions;

/// <summary>
/// The server in a process of its own, as it is, with two paths more: one collects all garbage and answers with the bytes of the managed
/// heap, the other tells of the collections so far.
/// </summary>
internal static class HeapServer
{
    private const string HeapPath = "/benchmark/heap";

    /// <summary>Answers with the number of full collections, and the milliseconds for which any collection stopped the server.</summary>
    private const string CollectionsPath = "/benchmark/collections";

    private static readonly HttpClient s_client = new();

    /// <summary>What finalizers release is collected by the next collection, and what pools hold is trimmed by some.</summary>
    private const int CollectionsOfMeasuring = 4;

    /// <summary>Runs the server until it is ended.</summary>
    /// <param name="url">Where it listens.</param>
    public static async Task RunAsync(string url)
    {
        await using WebApplication app = await ServerApplication.BuildAsync(new WebApplicationOptions { Args = ["--urls", url] });
        app.MapGet(HeapPath, () => Measure().ToString(CultureInfo.InvariantCulture));
        app.MapGet(CollectionsPath, () => string.Create(
            CultureInfo.InvariantCulture, $"{GC.CollectionCount(GC.MaxGeneration)} {GC.GetTotalPauseDuration().TotalMilliseconds}"));
        await app.RunAsync();
    }

    /// <summary>Collects all garbage of such a server.</summary>
    /// <returns>The bytes of its managed heap.</returns>
    public static async Task<long> CollectAsync(ServerProcess server) =>
        long.Parse(await s_client.GetStringAsync(new Uri(server.Url, HeapPath)), CultureInfo.InvariantCulture);

    /// <summary>The garbage collections of such a server so far.</summary>
    public static async Task<Collections> CollectionsAsync(ServerProcess server)
    {
        string[] fields = (await s_client.GetStringAsync(new Uri(server.Url, CollectionsPath))).Split(' ');
        return new(int.Parse(fields[0], CultureInfo.InvariantCulture), double.Parse(fields[1], CultureInfo.InvariantCulture));
    }

    private static long Measure()
    {
        for (int i = 0; i < CollectionsOfMeasuring; i++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        return GC.GetTotalMemory(forceFullCollection: false);
    }
}

/// <summary>Garbage collections of a server.</summary>
/// <param name="Full">Those of all generations.</param>
/// <param name="PauseMs">Milliseconds that it stood still for any.</param>
internal readonly record struct Collections(int Full, double PauseMs)
{
    public Collections Since(Collections before) => new(Full - before.Full, PauseMs - before.PauseMs);
}
