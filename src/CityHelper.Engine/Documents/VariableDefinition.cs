using GraphQL.Types;
using GraphQLParser.AST;

namespace CityHelper.Engine.Documents;

/// <summary>A variable of an operation, with its resolved type.</summary>
/// <param name="Name">Without the dollar sign.</param>
/// <param name="Type">Its input type.</param>
/// <param name="Default">The coerced default, or <see cref="InputCoercion.Absent"/>.</param>
internal sealed record VariableDefinition(string Name, IGraphType Type, object? Default)
{
    public static IReadOnlyList<VariableDefinition> Of(GraphQLOperationDefinition operation, ISchema schema) =>
        [.. (operation.Variables?.Items ?? []).Select(v =>
        {
            IGraphType type = Resolve(v.Type, schema);
            object? fallback = v.DefaultValue is null ? InputCoercion.Absent : InputCoercion.FromLiteral(v.DefaultValue, type);
            return new VariableDefinition(v.Variable.Name.StringValue, type, fallback);
        })];

    private static IGraphType Resolve(GraphQLType type, ISchema schema) => type switch
    {
        GraphQLNonNullType nonNull => new NonNullGraphType(Resolve(nonNull.Type, schema)),
        GraphQLListType list => new ListGraphType(Resolve(list.Type, schema)),
        GraphQLNamedType named => schema.AllTypes[named.Name]!,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type.Kind, "Not a type."),
    };
}
