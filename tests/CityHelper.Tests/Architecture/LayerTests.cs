using System.Reflection;
using NetArchTest.Rules;
using Xunit;

namespace CityHelper.Tests.Architecture;

/// <summary>Server -> Checks -> Engine and Server -> Data; nothing else. Engine folders refer only to lower layers.</summary>
public sealed class LayerTests
{
    private const string Engine = "CityHelper.Engine.";

    /// <summary>The engine's folders in the order in which a request passes them: each may refer to those later in the list.</summary>
    private static readonly string[] s_layers =
    [
        "Transport", "Clients", "Caching", "Subscriptions", "Admission", "Execution", "Binding", "Cost", "Database", "Planning", "Writing",
        "Documents", "Schema",
    ];

    /// <summary>Folders that every layer may use, and that use none of the layers.</summary>
    private static readonly string[] s_ground = ["Space", "Cursors", "Tags", "Lookups", "Telemetry"];

    public static TheoryData<string> Folders => new(s_layers.Concat(s_ground));

    [Theory]
    [MemberData(nameof(Folders))]
    public void Folders_of_the_engine_refer_downwards(string folder)
    {
        string[] above = s_ground.Contains(folder) ? s_layers : [.. s_layers.TakeWhile(layer => layer != folder)];
        IEnumerable<string> wrong = Types.InAssembly(typeof(CityHelper.Engine.Limits).Assembly)
            .That().ResideInNamespaceStartingWith(Engine + folder)
            .ShouldNot().HaveDependencyOnAny([.. above.Select(layer => Engine + layer)])
            .GetResult().FailingTypeNames ?? [];
        Assert.Equal("", string.Join(Environment.NewLine, wrong));
    }

    /// <summary>Errors, limits and ids are for everybody; only <c>EngineServices</c> puts the layers together.</summary>
    [Fact]
    public void Types_outside_the_folders_refer_to_none_of_them()
    {
        IEnumerable<string> wrong = Types.InAssembly(typeof(CityHelper.Engine.Limits).Assembly)
            .That().ResideInNamespaceMatching("^CityHelper\\.Engine$").And().DoNotHaveName("EngineServices")
            .ShouldNot().HaveDependencyOnAny([.. s_layers.Concat(s_ground).Select(folder => Engine + folder)])
            .GetResult().FailingTypeNames ?? [];
        Assert.Equal("", string.Join(Environment.NewLine, wrong));
    }

    [Fact]
    public void Every_folder_of_the_engine_has_its_layer() => Assert.Equal(
        [.. s_layers.Concat(s_ground).Order(StringComparer.Ordinal)],
        Directory.EnumerateDirectories(Repository.PathOf("src", "CityHelper.Engine")).Select(folder => Path.GetFileName(folder)!)
            .Where(folder => folder is not ("bin" or "obj")).Order(StringComparer.Ordinal));

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
            a =>
                a.Name!.StartsWith("GraphQL", StringComparison.Ordinal)
                || a.Name.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal));
}
