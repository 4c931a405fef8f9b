using GraphQL.Types;
using GraphQLParser.AST;

namespace CityHelper.Engine.Documents;

/// <summary>
/// Tells the kinds of operations apart: query, mutation and subscription (GraphQL specification, October 2021, section 3.3.1).
/// </summary>
internal static class RootTypes
{
    /// <summary>The type that an operation of a kind selects fields of.</summary>
    /// <param name="schema">The schema.</param>
    /// <param name="kind">The kind.</param>
    /// <returns>Null when the schema has no such type, so that no operation of that kind can run.</returns>
    public static IObjectGraphType? RootOf(this ISchema schema, OperationType kind) => kind switch
    {
        OperationType.Query => schema.Query,
        OperationType.Mutation => schema.Mutation,
        OperationType.Subscription => schema.Subscription,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "GraphQL knows three kinds of operations."),
    };

    /// <summary>Whether operations of any kind select fields of a type.</summary>
    /// <param name="schema">The schema.</param>
    /// <param name="type">The type.</param>
    public static bool IsRoot(this ISchema schema, IGraphType type) => type == schema.Query || type == schema.Mutation || type == schema.Subscription;
}
