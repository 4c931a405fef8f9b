using GraphQLParser.AST;
using GraphQLParser.Visitors;

namespace CityHelper.Engine.Documents;

/// <summary>Values of a document as canonical text: equal values have equal texts.</summary>
internal static class ValueText
{
    private static readonly SDLPrinter s_printer = new();

    public static string? Of(GraphQLValue? value) => value switch
    {
        null => null,
        GraphQLObjectValue { Fields: var fields } => $"{{{string.Join(", ", Members(fields ?? []))}}}",
        GraphQLListValue { Values: var values } => $"[{string.Join(", ", (values ?? []).Select(Of))}]",
        _ => s_printer.Print(value),
    };

    private static IEnumerable<string> Members(IEnumerable<GraphQLObjectField> fields) => fields
        .OrderBy(f => f.Name.StringValue, StringComparer.Ordinal)
        .Select(f => $"{f.Name.StringValue}: {Of(f.Value)}");

    /// <summary>The text of a directive on a definition: <c>@deprecated(reason: "…")</c>.</summary>
    public static string Of(GraphQLDirective directive)
    {
        string arguments = string.Join(", ", (directive.Arguments?.Items ?? [])
            .OrderBy(a => a.Name.StringValue, StringComparer.Ordinal)
            .Select(a => $"{a.Name.StringValue}: {Of(a.Value)}"));
        return arguments.Length == 0 ? $"@{directive.Name.StringValue}" : $"@{directive.Name.StringValue}({arguments})";
    }
}
