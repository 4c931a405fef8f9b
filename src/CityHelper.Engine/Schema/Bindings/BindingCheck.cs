using GraphQL;
using GraphQL.Types;

namespace CityHelper.Engine.Schema.Bindings;

/// <summary>Finds fields that no plan can read, and indexes that no plan can use, before the first request.</summary>
public static class BindingCheck
{
    /// <exception cref="InvalidOperationException">
    /// Fields without a binding, or value indexes on columns whose values are not known; all are listed. Or a mutation's input that cannot
    /// be made an object of its class.
    /// </exception>
    public static void Verify(ISchema schema)
    {
        string[] unbound = [.. schema.AllTypes
            .OfType<IObjectGraphType>()
            .Where(type => !type.Name.StartsWith("__", StringComparison.Ordinal) && !type.HasMetadata(EngineTypes.WrittenByEngine))
            .SelectMany(type => type.Fields.Where(f => FieldBinding.Of(f) is null).Select(f => $"{type.Name}.{f.Name}"))];
        if (unbound.Length > 0)
        {
            throw new InvalidOperationException(
                $"Fields that no plan can read, declare them through EntityType or QueryFields: {string.Join(", ", unbound)}.");
        }

        VerifyMutations(schema.Mutation?.Fields ?? Enumerable.Empty<FieldType>());

        string[] unknown = [.. schema.AllTypes
            .OfType<IObjectGraphType>()
            .SelectMany(type => type.Fields)
            .Select(field => FieldBinding.Of(field)?.ListedRows)
            .OfType<ConnectionRows>()
            .SelectMany(rows => rows.Access.Values
                .Where(index => !HasKnownValues(rows, index.Column))
                .Select(index => $"{rows.Access.Entity.Table}.{index.Column}"))
            .Distinct()];
        if (unknown.Length > 0)
        {
            throw new InvalidOperationException(
                $"Value indexes are for enums and foreign keys, whose values are few and known, and not for {string.Join(", ", unknown)}: "
                    + "order by it or look it up as a key.");
        }
    }

    private static void VerifyMutations(IEnumerable<FieldType> mutations)
    {
        foreach (FieldType field in mutations.Where(field => FieldBinding.Of(field) is MutationBinding))
        {
            var input = (ITypedInputType)field.Arguments!.Find(MutationBinding.InputArgument)!.ResolvedType!.GetNamedType();
            string expected = $"{char.ToUpperInvariant(field.Name[0])}{field.Name[1..]}Input";
            if (input.Name != expected)
            {
                throw new InvalidOperationException($"The input of {field.Name} is named {input.Name}: name it {expected}.");
            }

            // Maps the fields to members, once.
            _ = input.Typed;
        }
    }

    // What Planning/Filters/ValueUniverse can list: the labels of an enum, or the rows of a small table.
    private static bool HasKnownValues(ConnectionRows rows, string column) => rows.Row.Fields.Select(FieldBinding.Of).Any(binding =>
        binding switch
        {
            ColumnBinding { Column: { ValueType.IsEnum: true } label } => label.Name == column,
            ReferenceBinding reference => reference.Keys.Count == 1 && reference.Keys[0].Here == column,
            _ => false,
        });
}
