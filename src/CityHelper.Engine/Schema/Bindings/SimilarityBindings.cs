using GraphQL.Types;

namespace CityHelper.Engine.Schema.Bindings;

/// <summary>
/// How to find rows that may be about the same thing: of one group, near each other in space and time, with similar words
/// (docs/decisions/0009). The indexes of the finest cells include the group and the status.
/// </summary>
/// <param name="Access">The access to the rows; they have grid cells and a creation time.</param>
/// <param name="Row">Their GraphQL type.</param>
/// <param name="Group">The column that must be equal, a foreign key.</param>
/// <param name="Groups">The table that it references.</param>
/// <param name="GroupName">The column there by whose value clients name a group.</param>
/// <param name="Texts">The columns whose words are compared.</param>
/// <param name="Status">The column that tells whether a row is still open.</param>
/// <param name="OpenLabels">The labels of open rows.</param>
/// <param name="CellsAround">SQL of an array of the finest cells around a point, or of null if they are too many, given SQL of the point
/// and of metres.</param>
/// <param name="KeyOfMoment">SQL of the smallest row key of a moment, given SQL of the moment.</param>
public sealed record Similarity(
    RowAccess Access,
    IObjectGraphType Row,
    string Group,
    EntityMap Groups,
    ColumnMap GroupName,
    IReadOnlyList<string> Texts,
    ColumnMap Status,
    IReadOnlyList<string> OpenLabels,
    Func<string, string, string> CellsAround,
    Func<string, string> KeyOfMoment)
{
    /// <summary>The column of the finest cells.</summary>
    internal string Cell => Access.Grid!.Levels[^1].Column;
}

/// <summary>The rows that are similar to the row itself, with one statement for all rows of a response.</summary>
/// <param name="By">How they are found.</param>
public sealed record SimilarRowsBinding(Similarity By) : FieldBinding
{
    public const string FirstArgument = ConnectionBinding.FirstArgument;
    public const string MetresArgument = "withinMetres";
    public const string DaysArgument = "withinDays";

    internal override IReadOnlyList<TableRead> Tables => [new(By.Access.Entity.Table)];
}

/// <summary>The rows that are similar to a draft: still open, or created lately.</summary>
/// <param name="By">How they are found.</param>
/// <param name="Tenant">The argument that names the tenant.</param>
/// <param name="GroupArgument">The argument that names the group.</param>
/// <param name="GroupUnknown">The error for an unknown group.</param>
public sealed record SimilarToDraftBinding(
    Similarity By, TenantArgument Tenant, string GroupArgument, Func<string, RequestError> GroupUnknown) : RootBinding
{
    public const string PositionArgument = "location";
    public const string TextArgument = "description";

    internal override IReadOnlyList<TableRead> Tables => [new(By.Access.Entity.Table), new(By.Groups.Table)];
}
