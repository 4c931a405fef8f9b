using CityHelper.Checks.Manifests;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Documents;
using CityHelper.Server.Schema;
using CityHelper.Tests.Engine.Mutations;
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

    [Fact]
    public async Task A_mutation_is_one_that_no_cache_keeps()
    {
        using var engine = new MutationFixture();
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            Directory.CreateDirectory(Path.Combine(folder, "web"));
            await File.WriteAllTextAsync(
                Path.Combine(folder, "web", "Change.graphql"),
                "mutation Change($input: ChangeRowInput!) { changeRow(input: $input) { serviceRequest { id } } }");
            var schema = engine.Get<ISchema>();
            (OperationManifest manifest, _) = await new ManifestBuilder(new OperationCompiler(schema), schema)
                .BuildAsync(folder, CancellationToken.None);
            ManifestOperation built = Assert.Single(manifest.Operations);
            Assert.Equal(("mutation", "no-store", 11), (built.Type, built.Cache, built.Cost.FieldCost));
            Assert.Equal(["service_request"], built.Reads);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
