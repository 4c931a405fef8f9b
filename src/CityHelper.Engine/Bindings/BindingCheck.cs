using GraphQL.Types;

namespace CityHelper.Engine.Bindings;

/// <summary>Finds fields that no plan could read, before the first request does.</summary>
public static class BindingCheck
{
    /// <exception cref="InvalidOperationException">Fields without a binding; all are listed.</exception>
    public static void Verify(ISchema schema)
    {
        string[] unbound = [.. schema.AllTypes
            .OfType<IObjectGraphType>()
            .Where(type => !type.Name.StartsWith("__", StringComparison.Ordinal) && !type.HasMetadata(Types.EngineTypes.WrittenByEngine))
            .SelectMany(type => type.Fields.Where(f => FieldBinding.Of(f) is null).Select(f => $"{type.Name}.{f.Name}"))];
        if (unbound.Length > 0)
        {
            throw new InvalidOperationException($"Fields that no plan can read, declare them through EntityType or QueryFields: {string.Join(", ", unbound)}.");
        }
    }
}
