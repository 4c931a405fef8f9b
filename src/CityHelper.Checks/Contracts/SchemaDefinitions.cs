using GraphQLParser;
using GraphQLParser.AST;
using GraphQLParser.Exceptions;

namespace CityHelper.Checks.Contracts;

/// <summary>The definitions of a schema that is only known as SDL.</summary>
public sealed class SchemaDefinitions
{
    private SchemaDefinitions(string text, GraphQLDocument document, string source)
    {
        Text = text;
        GraphQLTypeDefinition[] definitions = [.. document.Definitions.OfType<GraphQLTypeDefinition>()];
        Types = ByName(definitions.Where(d => d is not GraphQLDirectiveDefinition), source);
        Directives = ByName(definitions.OfType<GraphQLDirectiveDefinition>(), source);
        Roots = document.Definitions.OfType<GraphQLSchemaDefinition>().SingleOrDefault() is { } schema
            ? schema.OperationTypes.ToDictionary(r => r.Operation, r => r.Type!.Name.StringValue)
            : Enum.GetValues<OperationType>().Where(o => Types.ContainsKey(o.ToString())).ToDictionary(o => o, o => o.ToString());
    }

    /// <summary>The SDL.</summary>
    public string Text { get; }

    /// <summary>Types, in the order of the SDL.</summary>
    internal OrderedDictionary<string, GraphQLTypeDefinition> Types { get; }

    internal OrderedDictionary<string, GraphQLDirectiveDefinition> Directives { get; }

    /// <summary>The root type of each kind of operation that the schema has.</summary>
    internal IReadOnlyDictionary<OperationType, string> Roots { get; }

    /// <summary>Parses SDL.</summary>
    /// <param name="text">The whole schema, without extensions.</param>
    /// <param name="source">The name in messages: the file's name.</param>
    /// <exception cref="InvalidDataException">The text is not a schema; the message says where.</exception>
    public static SchemaDefinitions Parse(string text, string source)
    {
        GraphQLDocument document;
        try
        {
            document = Parser.Parse(text, new ParserOptions { Ignore = IgnoreOptions.Comments });
        }
        catch (GraphQLSyntaxErrorException cause)
        {
            string message = cause.Message.Split('\n', 2)[0].TrimEnd();
            throw new InvalidDataException($"{source}({cause.Location.Line},{cause.Location.Column}) is no schema: {message}", cause);
        }

        return document.Definitions.FirstOrDefault(d => d is not (GraphQLTypeDefinition or GraphQLSchemaDefinition)) is { } other
            ? throw new InvalidDataException($"{source} holds a {other.Kind}: compare whole schemas, as servers print them.")
            : new SchemaDefinitions(text, document, source);
    }

    private static OrderedDictionary<string, T> ByName<T>(IEnumerable<T> definitions, string source)
        where T : GraphQLTypeDefinition
    {
        var byName = new OrderedDictionary<string, T>(StringComparer.Ordinal);
        foreach (T definition in definitions)
        {
            if (!byName.TryAdd(definition.Name.StringValue, definition))
            {
                throw new InvalidDataException($"{source} defines {definition.Name.StringValue} twice.");
            }
        }

        return byName;
    }
}
