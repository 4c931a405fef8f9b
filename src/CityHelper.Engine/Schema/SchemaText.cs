using GraphQL;
using GraphQL.Types;
using GraphQLParser.AST;
using GraphQLParser.Visitors;

namespace CityHelper.Engine.Schema;

/// <summary>The schema as SDL: <c>schema/schema.graphql</c>.</summary>
public static class SchemaText
{
    /// <summary>
    /// Prints the schema, identical on every machine: definitions by name, so that a change is easy to find; fields and arguments as
    /// declared, because their order follows HotChocolate.
    /// </summary>
    public static string Of(ISchema schema)
    {
        schema.Initialize();
        GraphQLDocument document = schema.ToAST();
        document.Definitions.Sort((left, right) => Key(left).CompareTo(Key(right)));
        return new SDLPrinter(new SDLPrinterOptions { PrintDescriptions = true, EachUnionMemberOnNewLine = false })
            .Print(document).ReplaceLineEndings("\n").TrimEnd() + "\n";
    }

    private static (int Kind, string Name) Key(ASTNode definition) => definition switch
    {
        GraphQLSchemaDefinition => (0, ""),
        GraphQLDirectiveDefinition directive => (1, directive.Name.StringValue),
        INamedNode named => (2, named.Name.StringValue),
        _ => throw new ArgumentOutOfRangeException(nameof(definition), definition.Kind, "Not a definition of a schema."),
    };
}
