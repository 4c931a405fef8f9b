using GraphQL;
using GraphQL.Types;
using GraphQL.Utilities;

namespace CityHelper.Server.Schema;

/// <summary>The schema as SDL: <c>schema/schema.graphql</c>.</summary>
public static class SchemaText
{
    /// <summary>Prints the schema, the same on every machine: types by name, fields as declared.</summary>
    public static string Of(ISchema schema) => schema.Print(new PrintOptions
    {
        StringComparison = StringComparison.Ordinal,
        IncludeDescriptions = true,
        IncludeDeprecationReasons = true,
    }).ReplaceLineEndings("\n").TrimEnd() + "\n";
}
