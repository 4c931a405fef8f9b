using CityHelper.Benchmarks;
using CityHelper.Benchmarks.Cost;
using CityHelper.Benchmarks.Overload;
using CityHelper.Benchmarks.Scale;

// Five roles: `floor` is the bare web server that everything is compared with, `scale` compares databases of several sizes, `cost` measures
// what a unit of cost takes, `overload` asks for more than there is, and anything else measures requests beside the floor.
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
    default:
        return await RequestBenchmark.RunAsync();
}
