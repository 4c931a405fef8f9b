using GraphQL;
using GraphQL.Types;

namespace CityHelper.Engine.Bindings;

/// <summary>
/// How the planner reads a field. Set once where the field is declared (see <see cref="Types.EntityType{T}"/>), kept in the
/// field's metadata; a field without one cannot be planned, which stops the server at start.
/// </summary>
public abstract record FieldBinding
{
    private const string MetadataKey = "CityHelper.Binding";

    /// <summary>The binding of a field, or null.</summary>
    public static FieldBinding? Of(FieldType field) => field.GetMetadata<FieldBinding?>(MetadataKey);

    internal FieldType AttachTo(FieldType field)
    {
        field.WithMetadata(MetadataKey, this);
        return field;
    }
}

/// <summary>A column of the row.</summary>
public sealed record ColumnBinding(ColumnMap Column) : FieldBinding;

/// <summary>A value that SQL computes from the row.</summary>
/// <param name="Sql">SQL of the value, given the row's alias.</param>
/// <param name="Columns">The columns it reads.</param>
/// <param name="ValueType">The CLR type that the expression reads as.</param>
public sealed record ExpressionBinding(Func<string, string> Sql, IReadOnlyList<string> Columns, Type ValueType) : FieldBinding;

/// <summary>The row's global id, Base64 of <c>Type:partition:row</c> (conventions §6).</summary>
public sealed record GlobalIdBinding(EntityMap Entity) : FieldBinding;

/// <summary>A point column as a GeoJSON object.</summary>
public sealed record PointBinding(ColumnMap Column) : FieldBinding;

/// <summary>An object whose fields are read from the same row, such as a rectangle from a polygon column.</summary>
public sealed record SameRowBinding : FieldBinding;

/// <summary>At most one row of another table.</summary>
/// <param name="Target">The other table.</param>
/// <param name="Keys">Pairs of (column here, column there) beside the partition column.</param>
/// <param name="Required">Whether there always is one.</param>
public sealed record ReferenceBinding(EntityMap Target, IReadOnlyList<(string Here, string There)> Keys, bool Required) : FieldBinding;

/// <summary>The newest rows of another table that point here, oldest of them first.</summary>
/// <param name="Target">The other table.</param>
/// <param name="ParentColumn">The column here that <paramref name="ChildColumn"/> repeats.</param>
/// <param name="ChildColumn">The column there.</param>
public sealed record ChildrenBinding(EntityMap Target, string ParentColumn, string ChildColumn) : FieldBinding
{
    /// <summary>The argument that bounds the list.</summary>
    public const string LastArgument = "last";
}

/// <summary>What a field offers to <c>where</c> and <c>order</c>.</summary>
[Flags]
public enum FieldUses
{
    None = 0,
    Filter = 1,
    Sort = 2,
}

/// <summary>Marks fields for the generated filter and sort inputs.</summary>
public static class FieldUsesExtensions
{
    private const string MetadataKey = "CityHelper.Uses";

    /// <summary>Offers the field to <c>where</c>.</summary>
    public static FieldType Filterable(this FieldType field) => field.Use(FieldUses.Filter);

    /// <summary>Offers the field to <c>order</c>. Only for columns that an index orders.</summary>
    public static FieldType Sortable(this FieldType field) => field.Use(FieldUses.Sort);

    internal static bool Allows(this FieldType field, FieldUses use) => field.GetMetadata(MetadataKey, FieldUses.None).HasFlag(use);

    private static FieldType Use(this FieldType field, FieldUses use)
    {
        field.WithMetadata(MetadataKey, field.GetMetadata(MetadataKey, FieldUses.None) | use);
        return field;
    }
}
