using CityHelper.Checks.Manifests;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Documents;
using CityHelper.Server.Schema;
using GraphQL.Types;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace CityHelper.Tests.Checks;

public sealed class ManifestBuilderTests
{
    [Fact]
    public async Task The_checked_in_manifest_is_that_of_the_operations()
    {
        using ServiceProvider services = SchemaServices.CreateOffline();
        var schema = services.GetRequiredService<ISchema>();
        (OperationManifest manifest, IReadOnlyList<string> problems) = await new ManifestBuilder(
            new OperationCompiler(schema), schema).BuildAsync(Repository.PathOf("persisted-queries"), CancellationToken.None);
        Assert.Empty(problems);

        // Fix: eng/cityhelper operations build
        Assert.Equal(File.ReadAllText(Repository.PathOf("persisted-queries", OperationManifest.FileName)), manifest.ToString());
    }
}
