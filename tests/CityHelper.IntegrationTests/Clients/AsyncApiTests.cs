using CityHelper.IntegrationTests.Serving;
using Xunit;

namespace CityHelper.IntegrationTests.Clients;

/// <summary>AsyncAPI's own parser, from npm.</summary>
public sealed class AsyncApiTests
{
    [Fact]
    public async Task It_accepts_the_document_and_each_example_fits_its_schema() => Assert.Equal(
        "4 channels, 4 operations, 11 examples\n", await NodeScript.RunAsync("asyncapi.mjs", Repository.PathOf("schema", "asyncapi.json")));
}
