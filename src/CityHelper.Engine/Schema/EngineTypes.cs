using GraphQL.Types;

namespace CityHelper.Engine.Schema;

/// <summary>Maps CLR types to GraphQL types.</summary>
public static class EngineTypes
{
    /// <summary>The metadata key of types whose fields the engine writes itself, so that they need no binding.</summary>
    public const string WrittenByEngine = "CityHelper.WrittenByEngine";

    private static readonly Dictionary<Type, Type> s_leaves = new()
    {
        [typeof(string)] = typeof(StringGraphType),
        [typeof(bool)] = typeof(BooleanGraphType),
        [typeof(int)] = typeof(IntGraphType),
        [typeof(double)] = typeof(FloatGraphType),
        [typeof(DateTime)] = typeof(DateTimeType),
    };

    /// <summary>Registers all GeoJSON types in the schema, whether a field uses them or not, as HotChocolate does.</summary>
    public static void RegisterGeoJson(GraphQL.Types.Schema schema)
    {
        foreach (Type type in GeoJsonTypes.All)
        {
            schema.RegisterType(type);
        }
    }

    /// <summary>The leaf type of a CLR type, non-null unless <paramref name="nullable"/>.</summary>
    /// <exception cref="NotSupportedException">The type has no leaf type, such as the 64-bit keys that never leave the server.</exception>
    public static Type Leaf(Type clrType, bool nullable)
    {
        Type leaf = clrType.IsEnum
            ? typeof(UpperSnakeEnumType<>).MakeGenericType(clrType)
            : s_leaves.TryGetValue(clrType, out Type? known)
                ? known
                : throw new NotSupportedException($"{clrType.Name} has no GraphQL leaf type.");
        return nullable ? leaf : typeof(NonNullGraphType<>).MakeGenericType(leaf);
    }
}
