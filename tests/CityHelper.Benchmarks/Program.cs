using System.Globalization;
using CityHelper.Benchmarks;
using CityHelper.Benchmarks.Cache;
using CityHelper.Benchmarks.Cost;
using CityHelper.Benchmarks.Log;
using CityHelper.Benchmarks.Overload;
using CityHelper.Benchmarks.Scale;
using CityHelper.Benchmarks.Subscriptions;

// `floor` is the bare web server to compare with and `heap-server` the server whose heap is measured; `scale` compares databases of several
// sizes, `cost` measures the database time per unit of cost, `overload` sends more than a server can answer, `log` measures the change log,
// `cache` stored and shared answers, `subscriptions` those, and anything else measures requests beside the floor.
switch (args)
{
    case ["floor", var url]:
        await KestrelFloor.RunAsync(url, KestrelFloor.AnswerBytes);
        return 0;
    case ["floor", var url, var bytes]:
        await KestrelFloor.RunAsync(url, int.Parse(bytes, CultureInfo.InvariantCulture));
        return 0;
    case ["scale", .. var options]:
        return await ScaleCommand.RunAsync(options);
    case ["overload", .. var options]:
        return await OverloadCommand.RunAsync(options);
    case ["cost", .. var options]:
        return await CostCommand.RunAsync(options);
    case ["log", .. var options]:
        return await LogCommand.RunAsync(options);
    case ["cache", .. var options]:
        return await CacheCommand.RunAsync(options);
    case ["heap-server", var url]:
        await HeapServer.RunAsync(url);
        return 0;
    case ["subscriptions", .. var options]:
        return await SubscriptionsCommand.RunAsync(options);
    default:
        return await RequestBenchmark.RunAsync();
}
