using GraphQL.Types;
using GraphQLParser.AST;

namespace CityHelper.Engine.Documents;

/// <summary>The root types: query, mutation and subscription (GraphQL specification, October 2021, section 3.3.1).</summary>
internal static class RootTypes
{
    /// <summary>The root type of a kind of operations.</summary>
    /// <param name="schema">The schema.</param>
    /// <param name="kind">The kind.</param>
    /// <returns>Null if the schema has no such type: no operation of that kind can run.</returns>
    public static IObjectGraphType? RootOf(this ISchema schema, OperationType kind) => kind switch
    {
        OperationType.Query => schema.Query,
        OperationType.Mutation => schema.Mutation,
        OperationType.Subscription => schema.Subscription,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "GraphQL knows three kinds of operations."),
    };

    /// <summary>Whether a type is one of the root types.</summary>
    /// <param name="schema">The schema.</param>
    /// <param name="type">The type.</param>
    public static bool IsRoot(this ISchema schema, IGraphType type) =>
        type == schema.Query || type == schema.Mutation || type == schema.Subscription;
}
