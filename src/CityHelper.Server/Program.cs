using CityHelper.Server.Commands;

return await CommandLine.RunAsync(args);
