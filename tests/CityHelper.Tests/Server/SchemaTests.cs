using CityHelper.Engine.Schema;
using CityHelper.Server.Schema;
using GraphQL.Types;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace CityHelper.Tests.Server;

public sealed class SchemaTests : IDisposable
{
    /// <summary>The specification's scalars need no description.</summary>
    private static readonly string[] s_specified = ["String", "Boolean", "ID", "Float", "Int"];

    private readonly ServiceProvider _services = SchemaServices.CreateOffline();

    public void Dispose() => _services.Dispose();

    [Fact]
    public void The_checked_in_schema_is_the_servers() => Assert.Equal(
        File.ReadAllText(Repository.PathOf("schema", "schema.graphql")),
        SchemaText.Of(_services.GetRequiredService<ISchema>())); // Fix: eng/cityhelper schema export --output schema/schema.graphql

    [Fact]
    public void Everything_has_a_description()
    {
        var schema = _services.GetRequiredService<ISchema>();
        schema.Initialize();
        IEnumerable<string> bare = schema.AllTypes
            .Where(t => !t.Name.StartsWith("__", StringComparison.Ordinal) && !s_specified.Contains(t.Name))
            .SelectMany(t => Described(t).Where(d => string.IsNullOrWhiteSpace(d.Description)).Select(d => d.Name));
        Assert.Equal("", string.Join('\n', bare));
    }

    private static IEnumerable<(string Name, string? Description)> Described(IGraphType type)
    {
        yield return (type.Name, type.Description);
        foreach (FieldType field in (type as IComplexGraphType)?.Fields ?? Enumerable.Empty<FieldType>())
        {
            yield return ($"{type.Name}.{field.Name}", field.Description);
            foreach (QueryArgument argument in field.Arguments ?? Enumerable.Empty<QueryArgument>())
            {
                yield return ($"{type.Name}.{field.Name}({argument.Name})", argument.Description);
            }
        }

        foreach (EnumValueDefinition value in (type as EnumerationGraphType)?.Values ?? Enumerable.Empty<EnumValueDefinition>())
        {
            yield return ($"{type.Name}.{value.Name}", value.Description);
        }
    }
}
