using CityHelper.Benchmarks;
using CityHelper.Benchmarks.Cost;
using CityHelper.Benchmarks.Scale;

// Four roles: `floor` is the bare web server that everything is compared with, `scale` compares databases of several sizes, `cost` measures what a unit of cost takes, and
// anything else measures requests beside the floor.
switch (args)
{
    case ["floor", var url]:
        await KestrelFloor.RunAsync(url);
        return 0;
    case ["scale", .. var options]:
        return await ScaleCommand.RunAsync(options);
    case ["cost", .. var options]:
        return await CostCommand.RunAsync(options);
    default:
        return await RequestBenchmark.RunAsync();
}
