using GraphQLParser.AST;

namespace CityHelper.Checks.Contracts;

/// <summary>Type references of fields and inputs: <c>[City!]!</c>.</summary>
internal static class TypeReferences
{
    public static string Text(GraphQLType type) => type switch
    {
        GraphQLNonNullType some => Text(some.Type) + "!",
        GraphQLListType list => $"[{Text(list.Type)}]",
        GraphQLNamedType named => named.Name.StringValue,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type.Kind, "Not a type."),
    };

    /// <summary>Whether a client of the old output type can read the new one: it is the same, or non-null in more positions.</summary>
    public static bool IsSafeForOutput(GraphQLType old, GraphQLType now) => (old, now) switch
    {
        (GraphQLNonNullType before, GraphQLNonNullType after) => IsSafeForOutput(before.Type, after.Type),
        (GraphQLNonNullType, _) => false,
        (_, GraphQLNonNullType after) => IsSafeForOutput(old, after.Type),
        (GraphQLListType before, GraphQLListType after) => IsSafeForOutput(before.Type, after.Type),
        (GraphQLNamedType before, GraphQLNamedType after) => before.Name.Value == after.Name.Value,
        _ => false,
    };

    /// <summary>Whether a value of the old input type is valid for the new one: it is the same, or nullable in more positions.</summary>
    public static bool IsSafeForInput(GraphQLType old, GraphQLType now) => (old, now) switch
    {
        (GraphQLNonNullType before, GraphQLNonNullType after) => IsSafeForInput(before.Type, after.Type),
        (GraphQLNonNullType before, _) => IsSafeForInput(before.Type, now),
        (_, GraphQLNonNullType) => false,
        (GraphQLListType before, GraphQLListType after) => IsSafeForInput(before.Type, after.Type),
        (GraphQLNamedType before, GraphQLNamedType after) => before.Name.Value == after.Name.Value,
        _ => false,
    };
}
