using System.Reflection;
using Xunit;

namespace CityHelper.Tests.House;

/// <summary>Server -> Checks -> Engine and Server -> Data; nothing else.</summary>
public sealed class LayerTests
{
    [Theory]
    [InlineData(typeof(CityHelper.Engine.Limits), "")]
    [InlineData(typeof(CityHelper.Data.Model.City), "")]
    [InlineData(typeof(CityHelper.Checks.Limits), "CityHelper.Engine")]
    [InlineData(typeof(CityHelper.Server.ServerApplication), "CityHelper.Checks CityHelper.Data CityHelper.Engine")]
    public void Assemblies_reference_only_what_the_architecture_allows(Type inside, string expected)
    {
        IEnumerable<string> own = inside.Assembly.GetReferencedAssemblies()
            .Select((AssemblyName a) => a.Name!)
            .Where(name => name.StartsWith("CityHelper", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal);
        Assert.Equal(expected, string.Join(' ', own));
    }

    [Theory]
    [InlineData("CityHelper.Engine")]
    [InlineData("CityHelper.Checks")]
    public void The_engine_and_its_checks_know_no_word_about_cities(string project)
    {
        IEnumerable<string> lines = Directory.EnumerateFiles(Repository.PathOf("src", project), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal))
            .SelectMany(File.ReadLines)
            .Where(line => !line.TrimStart().StartsWith("//", StringComparison.Ordinal))
            .Where(line => line.Replace("cityhelper", "", StringComparison.OrdinalIgnoreCase)
                .Contains("city", StringComparison.OrdinalIgnoreCase));
        Assert.Equal("", string.Join('\n', lines));
    }

    [Fact]
    public void The_data_layer_knows_no_GraphQL_and_no_HTTP() =>
        Assert.DoesNotContain(
            typeof(CityHelper.Data.Model.City).Assembly.GetReferencedAssemblies(),
            a => a.Name!.StartsWith("GraphQL", StringComparison.Ordinal) || a.Name.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal));
}
