using CityHelper.Server;

WebApplication app = await ServerApplication.BuildAsync(new WebApplicationOptions { Args = args });
await app.RunAsync();
