using CityHelper.Benchmarks;
using CityHelper.Benchmarks.Scale;

// Three roles: `floor` is the bare web server that everything is compared with, `scale` compares databases of several sizes, and
// anything else measures requests beside the floor.
switch (args)
{
    case ["floor", var url]:
        await KestrelFloor.RunAsync(url);
        return 0;
    case ["scale", .. var options]:
        return await ScaleCommand.RunAsync(options);
    default:
        return await RequestBenchmark.RunAsync();
}
