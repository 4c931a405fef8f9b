using GraphQLParser;
using GraphQLParser.AST;

namespace CityHelper.IntegrationTests.Oracle;

/// <summary>A type where it is used, by the name of the innermost one. The schema has no lists of lists.</summary>
internal sealed record SchemaTypeUse(string Name, bool IsList, bool IsNonNull, bool HasNonNullItems)
{
    public SchemaTypeUse Items => new(Name, false, HasNonNullItems, false);

    public override string ToString() => (IsList ? $"[{Name}{(HasNonNullItems ? "!" : "")}]" : Name) + (IsNonNull ? "!" : "");

    public static SchemaTypeUse Of(GraphQLType type) => type switch
    {
        GraphQLNonNullType nonNull => Of(nonNull.Type) with { IsNonNull = true },
        GraphQLListType list => Of(list.Type) is var item ? new SchemaTypeUse(item.Name, true, false, item.IsNonNull) : null!,
        GraphQLNamedType named => new SchemaTypeUse(named.Name.StringValue, false, false, false),
        _ => throw new ArgumentException($"{type.Kind} is no type."),
    };
}

/// <summary>An argument of a field, or a member of an input.</summary>
internal sealed record SchemaInput(string Name, SchemaTypeUse Type);

/// <summary>A field of an object or interface.</summary>
internal sealed record SchemaField(string Name, SchemaTypeUse Type, IReadOnlyList<SchemaInput> Arguments);

/// <summary>
/// The schema, read from <c>schema/schema.graphql</c>. Generated operations take every field from here: the next run asks a newly added
/// field, and fails until the oracle supports it.
/// </summary>
internal sealed class SchemaFile
{
    private readonly Dictionary<string, IReadOnlyList<SchemaField>> _outputs = [];
    private readonly Dictionary<string, IReadOnlyList<SchemaInput>> _inputs = [];
    private readonly Dictionary<string, List<string>> _implementations = [];
    private readonly Dictionary<string, IReadOnlyList<string>> _enums = [];

    public SchemaFile(string text)
    {
        foreach (ASTNode definition in Parser.Parse(text).Definitions)
        {
            switch (definition)
            {
                case GraphQLObjectTypeDefinition type:
                    _outputs.Add(type.Name.StringValue, FieldsOf(type.Fields));
                    foreach (GraphQLNamedType implemented in type.Interfaces?.Items ?? [])
                    {
                        ImplementationsOf(implemented.Name.StringValue).Add(type.Name.StringValue);
                    }

                    break;
                case GraphQLInterfaceTypeDefinition type:
                    _outputs.Add(type.Name.StringValue, FieldsOf(type.Fields));
                    ImplementationsOf(type.Name.StringValue);
                    break;
                case GraphQLInputObjectTypeDefinition type:
                    _inputs.Add(type.Name.StringValue, InputsOf(type.Fields?.Items));
                    break;
                case GraphQLEnumTypeDefinition type:
                    _enums.Add(type.Name.StringValue, [.. (type.Values?.Items ?? []).Select(v => v.Name.StringValue)]);
                    break;
            }
        }
    }

    public static SchemaFile Load() => new(File.ReadAllText(Repository.PathOf("schema", "schema.graphql")));

    public bool IsComposite(string type) => _outputs.ContainsKey(type);

    public bool IsInput(string type) => _inputs.ContainsKey(type);

    public bool IsEnum(string type) => _enums.ContainsKey(type);

    public bool IsInterface(string type) => _implementations.ContainsKey(type);

    public IReadOnlyList<SchemaField> Fields(string type) => _outputs[type];

    public IReadOnlyList<SchemaInput> Members(string input) => _inputs[input];

    public bool Has(string input, string member) =>
        _inputs.TryGetValue(input, out IReadOnlyList<SchemaInput>? members) && members.Any(m => m.Name == member);

    public IReadOnlyList<string> Values(string enumeration) => _enums[enumeration];

    /// <summary>The objects that implement an interface.</summary>
    public IReadOnlyList<string> PossibleTypes(string type) => ImplementationsOf(type);

    /// <summary>The interfaces of an object.</summary>
    public IReadOnlyList<string> InterfacesOf(string type) => [.. _implementations.Where(i => i.Value.Contains(type)).Select(i => i.Key)];

    private List<string> ImplementationsOf(string type)
    {
        if (!_implementations.TryGetValue(type, out List<string>? implementations))
        {
            _implementations.Add(type, implementations = []);
        }

        return implementations;
    }

    private static IReadOnlyList<SchemaField> FieldsOf(GraphQLFieldsDefinition? fields) =>
        [.. (fields?.Items ?? []).Select(f => new SchemaField(f.Name.StringValue, SchemaTypeUse.Of(f.Type), InputsOf(f.Arguments?.Items)))];

    private static IReadOnlyList<SchemaInput> InputsOf(IEnumerable<GraphQLInputValueDefinition>? inputs) =>
        [.. (inputs ?? []).Select(i => new SchemaInput(i.Name.StringValue, SchemaTypeUse.Of(i.Type)))];
}
