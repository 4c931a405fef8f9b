using CityHelper.Benchmarks;

// Two roles: `floor` is the bare web server that everything is compared with; anything else runs the measurements.
if (args is ["floor", var url])
{
    await KestrelFloor.RunAsync(url);
    return 0;
}

return await RequestBenchmark.RunAsync();
