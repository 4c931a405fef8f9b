using CityHelper.Benchmarks;
using CityHelper.Benchmarks.Cost;
using CityHelper.Benchmarks.Log;
using CityHelper.Benchmarks.Overload;
using CityHelper.Benchmarks.Scale;

// Six modes: `floor` is the bare web server to compare with, `scale` compares databases of several sizes, `cost` measures the database
// time per unit of cost, `overload` sends more than a server can answer, `log` measures the change log, and anything else measures requests
// beside the floor.
switch (args)
{
    case ["floor", var url]:
        await KestrelFloor.RunAsync(url);
        return 0;
    case ["scale", .. var options]:
        return await ScaleCommand.RunAsync(options);
    case ["overload", .. var options]:
        return await OverloadCommand.RunAsync(options);
    case ["cost", .. var options]:
        return await CostCommand.RunAsync(options);
    case ["log", .. var options]:
        return await LogCommand.RunAsync(options);
    default:
        return await RequestBenchmark.RunAsync();
}
