using CityHelper.Data;
using CityHelper.Server;

namespace CityHelper.Benchmarks;

/// <summary>A server in this process, for measurements of its parts.</summary>
internal static class ServerInProcess
{
    /// <summary>Starts it; it reads the table statistics while it starts. It logs nothing.</summary>
    /// <param name="database">The connection string of its database.</param>
    public static async Task<WebApplication> StartAsync(string database)
    {
        WebApplication app = await ServerApplication.BuildAsync(
            new WebApplicationOptions { Args = ["--urls", "http://127.0.0.1:0"], EnvironmentName = Environments.Development },
            builder =>
            {
                builder.Configuration.AddInMemoryCollection([new(CityHelperDatabase.ConnectionStringKey, database)]);
                builder.Logging.ClearProviders();
            });
        await app.StartAsync();
        return app;
    }
}
