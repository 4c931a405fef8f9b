using GraphQL.Types;

namespace CityHelper.Engine.Schema.Bindings;

/// <summary>Finds fields that no plan can read, and indexes that no plan can use, before the first request.</summary>
public static class BindingCheck
{
    /// <exception cref="InvalidOperationException">Fields without a binding, or value indexes on texts; all are listed.</exception>
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

        string[] texts = [.. schema.AllTypes
            .OfType<IObjectGraphType>()
            .SelectMany(type => type.Fields)
            .Select(field => FieldBinding.Of(field)?.ListedRows?.Access)
            .OfType<RowAccess>()
            .SelectMany(access => access.Values
                .Where(v => access.Entity.ColumnNamed(v.Column).ValueType == typeof(string))
                .Select(v => $"{access.Entity.Table}.{v.Column}"))
            .Distinct()];
        if (texts.Length > 0)
        {
            throw new InvalidOperationException(
                $"Value indexes are for enums and foreign keys, whose values are few and known: {string.Join(", ", texts)} is text, "
                    + "so order by it or look it up as a key.");
        }
    }
}
