using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using Xunit;

namespace CityHelper.IntegrationTests.Serving;

/// <summary>The assemblies that a server loads, taken from its process's mapped files.</summary>
[Collection(PostgresCollection.Name)]
public sealed class LoadedAssembliesTests(ReadingFixture fixture) : IClassFixture<ReadingFixture>
{
    [Fact]
    public async Task A_server_that_has_answered_has_not_loaded_the_checks()
    {
        await using ServerProcess server = await ServerProcess.StartAsync(fixture.Database, "Development");
        foreach (
            string address in new[]
            {
                "/graphql?query={cities{slug}}",
                "/graphql?query={city(slug:\"nyc\"){stats{total}}}",
                "/graphql?sdl",
                "/health",
            }
        )
        {
            Assert.NotEqual("", await server.Client.GetStringAsync(new Uri(address, UriKind.Relative)));
        }

        string[] loaded = [.. (await File.ReadAllLinesAsync($"/proc/{server.Id}/maps"))
            .Select(line => Path.GetFileName(line))
            .Where(file => file.StartsWith("CityHelper.", StringComparison.Ordinal))
            .Distinct()
            .Order(StringComparer.Ordinal)];
        Assert.Equal(["CityHelper.Data.dll", "CityHelper.Engine.dll", "CityHelper.Server.dll"], loaded);
    }
}
